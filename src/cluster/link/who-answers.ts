import { connect } from 'node:net';
import { parseHostPort } from '../../core/index.js';

/** A door farther away than this would not finish its greeting in time either. */
const CONNECT_MS = 1500;

/**
 * Those of the addresses (`host:port`) at which somebody takes a connection now. Where the way is cut it tells so in a moment, and a
 * connection begun before the cut is over would only come about seconds after it.
 */
export async function whoAnswers(addresses: readonly string[], timeoutMs = CONNECT_MS): Promise<readonly string[]> {
  const answers = await Promise.all(addresses.map((address) => answersAt(address, timeoutMs)));
  return addresses.filter((_, at) => answers[at]);
}

function answersAt(address: string, timeoutMs: number): Promise<boolean> {
  const place = parseHostPort(address);
  if (place === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(place);
    const timer = setTimeout(() => over(false), timeoutMs);
    const over = (answers: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', () => over(true));
    socket.once('error', () => over(false));
  });
}
