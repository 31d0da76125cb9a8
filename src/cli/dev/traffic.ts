import { Agent, get } from 'node:http';
import type { DemoAnswer, DemoCall } from './demo-answer.js';

const REQUEST_LIMIT_MS = 5000;
const MOST_AT_ONCE = 50;

/** Sends requests to the first service of the demo and hands on what came back. */
export interface Traffic {
  /** One request, now. */
  once(): Promise<DemoAnswer>;
  start(ratePerSecond: number, onAnswer: (answer: DemoAnswer) => void): void;
  stop(): void;
}

export function createTraffic(port: number): Traffic {
  const connections = new Agent({ keepAlive: true });
  let timer: NodeJS.Timeout | undefined;
  let pending = 0;
  const once = async (): Promise<DemoAnswer> => answerOf(await request(port, connections));
  return {
    once,
    start: (ratePerSecond, onAnswer) => {
      timer = setInterval(() => {
        if (pending >= MOST_AT_ONCE) return;
        pending += 1;
        void once().then((answer) => {
          pending -= 1;
          if (timer !== undefined) onAnswer(answer);
        });
      }, 1000 / ratePerSecond);
    },
    stop: () => {
      clearInterval(timer);
      timer = undefined;
      connections.destroy();
    },
  };
}

/** A service that does not answer at all shows as an edge of its own, from the traffic to it. */
function answerOf(call: DemoCall): DemoAnswer {
  return call.answer ?? { service: 'traffic', instance: '', version: '', path: '/', calls: [call] };
}

function request(port: number, agent: Agent): Promise<DemoCall> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const finish = (outcome: Partial<DemoCall>) =>
      resolve({ to: 'web', status: 0, ms: performance.now() - startedAt, ...outcome });
    const outgoing = get({ host: '127.0.0.1', port, path: '/', agent, timeout: REQUEST_LIMIT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => finish({ error: error.message }));
      response.on('end', () => {
        try {
          finish({ status: 200, answer: JSON.parse(Buffer.concat(chunks).toString()) as DemoAnswer });
        } catch {
          finish({ status: response.statusCode ?? 0, error: 'the answer is not of the demo' });
        }
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', (error: NodeJS.ErrnoException) => finish({ error: error.code ?? error.message }));
  });
}
