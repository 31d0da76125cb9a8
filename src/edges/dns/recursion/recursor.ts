import { createSocket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '../../../core/index.js';
import type { DnsCounters, DnsLogger, DnsSettings } from '../dns-deps.js';
import { RCODES } from '../message/index.js';

export type Transport = 'udp' | 'tcp';

/** Asks other DNS servers. */
export interface Recursor {
  /**
   * The answer to a query as the first recursor that has one gave it, with the query's id; undefined when none answers in time, or
   * too many questions are under way.
   */
  ask(query: Buffer, transport: Transport): Promise<Buffer | undefined>;
}

type Place = DnsSettings['recursors'][number];

const MOST_UNDER_WAY = 1000;
const QUIET_MS = 30_000;
const MAX_ANSWER_BYTES = 65_535;

/** Creates what asks the recursors of the settings, one after the other, or in an order that chance decides each time. */
export function createRecursor(parts: {
  readonly settings: () => Pick<DnsSettings, 'recursors' | 'recursorStrategy' | 'recursorTimeoutMs'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: DnsLogger;
  readonly counters: DnsCounters;
}): Recursor {
  const { settings, clock, counters, logger } = parts;
  const lastWarning = new Map<string, number>();
  let underWay = 0;
  const warn = ({ host, port }: Place, problem: string): void => {
    const name = `${host}:${port}`;
    if (clock.now() - (lastWarning.get(name) ?? -QUIET_MS) < QUIET_MS) return;
    lastWarning.set(name, clock.now());
    logger.warn({ recursor: name, problem }, 'a recursor gave no answer; the next one is asked, if there is one');
  };
  const askAll = async (query: Buffer, transport: Transport): Promise<Buffer | undefined> => {
    const { recursors, recursorStrategy, recursorTimeoutMs } = settings();
    for (const place of recursorStrategy === 'random' ? shuffled(recursors, parts.random) : recursors) {
      counters.recursions += 1;
      const exchange = transport === 'udp' ? askOverUdp : askOverTcp;
      const { answer, problem } = await exchange(query, place, recursorTimeoutMs, clock);
      const rcode = (answer?.[3] ?? 0) & 15;
      if (answer && (rcode === RCODES.noError || rcode === RCODES.nxDomain)) return answer;
      counters.recursionFailures += 1;
      warn(place, problem ?? `it answered with code ${rcode}`);
    }
    return undefined;
  };
  return {
    async ask(query, transport) {
      if (underWay >= MOST_UNDER_WAY) {
        counters.overload += 1;
        return undefined;
      }
      underWay += 1;
      try {
        return await askAll(query, transport);
      } finally {
        underWay -= 1;
      }
    },
  };
}

interface Exchanged {
  readonly answer?: Buffer;
  readonly problem?: string;
}

/** An id of its own, so that nobody who saw the client's can answer in the recursor's place. */
function withOwnId(query: Buffer): { readonly packet: Buffer; readonly isAnswer: (answer: Buffer) => boolean } {
  const packet = Buffer.from(query);
  const id = randomInt(65_536);
  packet.writeUInt16BE(id, 0);
  const question = questionOf(query);
  return {
    packet,
    isAnswer: (answer) =>
      answer.length >= 12 &&
      answer.readUInt16BE(0) === id &&
      ((answer[2] as number) & 0x80) !== 0 &&
      (questionOf(answer) === question || answer.readUInt16BE(4) === 0),
  };
}

/** The first question's bytes, letters folded; it comes first, so that it holds no pointers. */
function questionOf(message: Buffer): string {
  let end = 12;
  while ((message[end] ?? 0) !== 0) end += (message[end] as number) + 1;
  return message.toString('latin1', 12, end + 5).toLowerCase();
}

function withIdOf(query: Buffer, answer: Buffer): Buffer {
  answer.writeUInt16BE(query.readUInt16BE(0), 0);
  return answer;
}

function askOverUdp(query: Buffer, { host, port }: Place, timeoutMs: number, clock: Clock): Promise<Exchanged> {
  const { packet, isAnswer } = withOwnId(query);
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.unref();
    const finish = (result: Exchanged): void => {
      cancel();
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(result);
    };
    const cancel = clock.after(timeoutMs, () => finish({ problem: `no answer within ${timeoutMs} ms` }));
    socket.on('error', (error) => finish({ problem: error.message }));
    // Connected: only this recursor's packets come through.
    socket.connect(port, host, () => {
      socket.on('message', (answer) => {
        if (isAnswer(answer)) finish({ answer: withIdOf(query, answer) });
      });
      socket.send(packet);
    });
  });
}

function askOverTcp(query: Buffer, { host, port }: Place, timeoutMs: number, clock: Clock): Promise<Exchanged> {
  const { packet, isAnswer } = withOwnId(query);
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = connect({ host, port, noDelay: true });
    socket.unref();
    let isDone = false;
    const finish = (result: Exchanged): void => {
      if (isDone) return;
      isDone = true;
      cancel();
      socket.destroy();
      resolve(result);
    };
    const cancel = clock.after(timeoutMs, () => finish({ problem: `no answer within ${timeoutMs} ms` }));
    socket.on('error', (error) => finish({ problem: error.message }));
    socket.on('close', () => finish({ problem: 'it closed the connection' }));
    socket.on('connect', () => socket.write(framed(packet)));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const answer = Buffer.from(received.subarray(2, 2 + received.readUInt16BE(0)));
      if (answer.length > MAX_ANSWER_BYTES || !isAnswer(answer)) finish({ problem: 'it answered something else' });
      else finish({ answer: withIdOf(query, answer) });
    });
  });
}

/** A message behind its length (RFC 1035, 4.2.2). */
export function framed(packet: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(packet.length + 2);
  frame.writeUInt16BE(packet.length, 0);
  packet.copy(frame, 2);
  return frame;
}

function shuffled<Item>(items: readonly Item[], random: () => number): readonly Item[] {
  const weighed = items.map((item) => ({ item, weight: random() }));
  return weighed.sort((left, right) => left.weight - right.weight).map(({ item }) => item);
}
