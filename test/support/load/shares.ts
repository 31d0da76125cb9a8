import { Agent } from 'node:http';
import { httpCall } from '../envoy-rig/http-call.js';

const SENDERS = 6;

/** Sends so many requests as fast as they are answered, over kept connections, and says which share of them each instance answered, in percent. */
export async function measureShares(port: number, requests: number): Promise<Readonly<Record<string, number>>> {
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  const counts: Record<string, number> = {};
  let left = requests;
  const sender = async (): Promise<void> => {
    while (left-- > 0) {
      const { status, headers } = await httpCall({ port, agent });
      const who = status === 200 ? String(headers['x-who']) : `status ${status}`;
      counts[who] = (counts[who] ?? 0) + 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: SENDERS }, sender));
  } finally {
    agent.destroy();
  }
  return Object.fromEntries(Object.entries(counts).map(([who, count]) => [who, (100 * count) / requests]));
}
