import { createSocket, type Socket } from 'node:dgram';
import { formatHostPort, type HostPort } from '../core/index.js';
import type { Labels } from './interval-sink.js';

/** Largest packet that crosses an ordinary network in one piece. */
const PACKET_BYTES = 1_400;
const FLUSH_AFTER_MS = 100;
/** Lines that wait to be sent; more are dropped, never kept. */
const MOST_WAITING = 10_000;

export type StatsdKind = 'c' | 'g' | 'ms';

export interface Statsd {
  send(kind: StatsdKind, name: string, value: number, labels: Labels): void;
  close(): void;
}

export interface StatsdOptions {
  readonly address: HostPort;
  /** DogStatsD's form: labels as tags, these besides. Without, labels are parts of the name. */
  readonly tags?: readonly string[];
  readonly onProblem: (message: string) => void;
}

/** Sends figures to a StatsD over UDP, many in a packet. Nothing waits for it and nothing fails with it. */
export function createStatsd(options: StatsdOptions): Statsd {
  const { host, port } = options.address;
  const socket: Socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.unref();
  socket.on('error', (error) => options.onProblem(`StatsD at ${formatHostPort(options.address)}: ${error.message}`));
  const waiting: string[] = [];
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    timer = undefined;
    let packet = '';
    const send = (): void => {
      if (packet !== '') socket.send(packet, port, host, () => undefined);
      packet = '';
    };
    for (const line of waiting.splice(0)) {
      if (packet.length + line.length > PACKET_BYTES) send();
      packet += line;
    }
    send();
  };

  return {
    send(kind, name, value, labels) {
      if (waiting.length >= MOST_WAITING) return;
      waiting.push(`${statsdLine(kind, name, value, labels, options.tags)}\n`);
      timer ??= setTimeout(flush, FLUSH_AFTER_MS).unref();
    },
    close() {
      clearTimeout(timer);
      flush();
      socket.close();
    },
  };
}

/** One figure as StatsD reads it. What would break the line becomes `_`. */
export function statsdLine(
  kind: StatsdKind,
  name: string,
  value: number,
  labels: Labels,
  tags: readonly string[] | undefined,
): string {
  const clean = (text: string): string => text.replace(/[\s:|@#,]/g, '_');
  const pairs = Object.entries(labels);
  if (tags === undefined) return `${clean([name, ...pairs.map(([, label]) => label)].join('.'))}:${value}|${kind}`;
  const all = [...tags, ...pairs.map(([key, label]) => `${clean(key)}:${clean(label)}`)];
  return `${clean(name)}:${value}|${kind}${all.length === 0 ? '' : `|#${all.join(',')}`}`;
}
