import { type Socket, createServer } from 'node:net';
import type { Clock } from '../../../core/index.js';
import type { DnsCounters } from '../dns-deps.js';
import { framed } from '../recursion/recursor.js';
import type { Respond } from '../responder.js';
import { type Door, listenProblem } from './door.js';
import { FrameReader } from './frame-reader.js';

export interface TcpLimits {
  readonly mostConnections: number;
  /** How long a connection may do nothing. */
  readonly idleMs: number;
  /** How long one query may take to arrive, and an answer to be taken. */
  readonly stalledMs: number;
  /** Longest query. */
  readonly queryBytes: number;
  /** Queries of one connection that are answered at the same time. */
  readonly mostUnderWay: number;
}

export const TCP_LIMITS: TcpLimits = {
  mostConnections: 1024,
  idleMs: 10_000,
  stalledMs: 5_000,
  queryBytes: 4096,
  mostUnderWay: 64,
};

/** Answers queries behind their lengths at an address (RFC 7766). Throws AppError('portTaken' | 'unavailable'). */
export function openTcpDoor(
  respond: Respond,
  host: string,
  port: number,
  parts: { readonly clock: Clock; readonly counters: DnsCounters; readonly limits?: TcpLimits },
): Promise<Door> {
  const { counters } = parts;
  const limits = parts.limits ?? TCP_LIMITS;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    if (sockets.size >= limits.mostConnections) {
      counters.tcpDropped += 1;
      socket.destroy();
      return;
    }
    sockets.add(socket);
    counters.tcpConnections = sockets.size;
    socket.on('close', () => {
      sockets.delete(socket);
      counters.tcpConnections = sockets.size;
    });
    serve(socket, respond, { clock: parts.clock, counters, limits });
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenProblem(error, 'TCP', host, port)));
    server.listen({ host, port, exclusive: true }, () => {
      server.on('error', () => undefined);
      const bound = server.address();
      resolve({
        port: typeof bound === 'object' && bound !== null ? bound.port : port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}

/** One connection: queries as they come, answers as they are ready. */
function serve(
  socket: Socket,
  respond: Respond,
  { clock, counters, limits }: { readonly clock: Clock; readonly counters: DnsCounters; readonly limits: TcpLimits },
): void {
  const from = socket.remoteAddress ?? '';
  const reader = new FrameReader(limits.queryBytes);
  let underWay = 0;
  let cancelDeadline: (() => void) | undefined;
  const giveUp = (): void => {
    counters.tcpDropped += 1;
    socket.destroy();
  };
  /** A query that has begun to arrive, or an answer that has begun to leave, must come to its end. */
  const watch = (): void => {
    const isWaiting = reader.isPartial || socket.writableLength > 0;
    if (!isWaiting) {
      cancelDeadline?.();
      cancelDeadline = undefined;
    } else cancelDeadline ??= clock.after(limits.stalledMs, giveUp);
  };
  const answered = (bytes: Buffer | undefined): void => {
    underWay -= 1;
    // Who sends what cannot be read gets no second chance.
    if (!bytes) {
      socket.destroy();
      return;
    }
    if (socket.destroyed) return;
    if (socket.writable) socket.write(framed(bytes), () => watch());
    if (underWay < limits.mostUnderWay && !socket.writableNeedDrain) socket.resume();
    watch();
  };
  const take = (packet: Buffer): void => {
    underWay += 1;
    const answer = respond(packet, 'tcp', from);
    if (answer instanceof Promise) void answer.then(answered);
    else answered(answer);
  };
  socket.setTimeout(limits.idleMs, () => (underWay > 0 ? undefined : giveUp()));
  socket.on('drain', () => {
    if (underWay < limits.mostUnderWay) socket.resume();
    watch();
  });
  socket.on('close', () => cancelDeadline?.());
  socket.on('data', (chunk) => {
    const packets = reader.push(chunk);
    if (!packets) {
      counters.malformed += 1;
      giveUp();
      return;
    }
    for (const packet of packets) if (!socket.destroyed) take(packet);
    if (underWay >= limits.mostUnderWay || socket.writableNeedDrain) socket.pause();
    watch();
  });
}
