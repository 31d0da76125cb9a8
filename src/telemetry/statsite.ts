import { createConnection, type Socket } from 'node:net';
import { formatHostPort, type HostPort } from '../core/index.js';
import { type Statsd, statsdLine } from './statsd.js';

export interface StatsiteOptions {
  readonly address: HostPort;
  readonly onProblem: (message: string) => void;
}

const FLUSH_AFTER_MS = 100;
const RETRY_AFTER_MS = 5_000;
/** Text that waits for a connection, or for one that is slow; more is dropped, never kept. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** Sends figures to a statsite: lines as StatsD's, over a TCP connection that is made again when it is lost. Nothing waits for it. */
export function createStatsite({ address, onProblem }: StatsiteOptions): Statsd {
  let waiting = '';
  let socket: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  let retryAtMs = 0;

  const connect = (): void => {
    const made = createConnection(address.port, address.host);
    socket = made;
    made.unref();
    made.on('error', (error) => onProblem(`statsite at ${formatHostPort(address)}: ${error.message}`));
    made.once('close', () => {
      if (socket === made) socket = undefined;
      retryAtMs = performance.now() + RETRY_AFTER_MS;
    });
    // Whatever it says is of no use.
    made.resume();
  };
  const flush = (): void => {
    timer = undefined;
    if (socket === undefined && performance.now() >= retryAtMs) connect();
    if (socket === undefined || socket.writableLength > MOST_WAITING_BYTES) return;
    socket.write(waiting);
    waiting = '';
  };
  return {
    send(kind, name, value, labels) {
      if (waiting.length >= MOST_WAITING_BYTES) return;
      waiting += `${statsdLine(kind, name, value, labels, undefined)}\n`;
      timer ??= setTimeout(flush, FLUSH_AFTER_MS).unref();
    },
    close() {
      clearTimeout(timer);
      flush();
      socket?.end();
    },
  };
}
