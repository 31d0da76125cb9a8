import type { Socket } from 'node:net';
import type { HttpExchange } from '../exchange.js';
import { type QuickConnection, QuickExchange } from './quick-exchange.js';
import { readPlainRequest } from './request-head.js';

export interface QuickLaneOptions {
  /** Answers a request; it may do so later, and never throws. */
  readonly answer: (exchange: HttpExchange) => void;
  /** Gives a connection to node:http, for good; what has been read of it is in the socket again. */
  readonly handOver: (socket: Socket) => void;
  /** Told of a connection over which nothing came for `silenceMs`. */
  readonly refuseSilent: (socket: Socket) => void;
  /** Longest headers of a request; 0 = no limit of its own. */
  readonly maxHeaderBytes: number;
  /** How long a new connection may say nothing, and one that has been answered. */
  readonly silenceMs: number;
  readonly keepAliveMs: number;
  /** How long a client may leave the rest of an answer unread. */
  readonly readingTimeoutMs: number;
  /** Ms since the epoch, for `Date`. */
  readonly now: () => number;
}

/** What a client may send ahead of its answers before it is left unread. */
const MOST_AHEAD_BYTES = 65_536;
/** Above this a client has to read before it is answered again. */
const UNREAD_BYTES = 65_536;
/** Answers above this are sent at once. */
const LARGE_BYTES = 32_768;
/** Answers up to here are sent with their head in one text. */
const SMALL_BYTES = 4_096;
/** Requests of one connection that are answered before others have their turn. */
const MOST_IN_A_TURN = 16;

/**
 * The front of an HTTP door: reads plain requests and writes their answers itself, at a third of what node:http takes for that, and
 * leaves every connection on which something else comes to node:http.
 */
export class QuickLane {
  readonly options: QuickLaneOptions;
  readonly #open = new Set<LaneConnection>();
  /** Answers of this turn. */
  readonly #answers: Answer[] = [];
  #firstMs = 0;
  #tailSecond = 0;
  #tail = '';

  constructor(options: QuickLaneOptions) {
    this.options = options;
  }

  /** Serves a new connection. */
  take(socket: Socket): void {
    const connection = new LaneConnection(socket, this, () => this.#open.delete(connection));
    this.#open.add(connection);
  }

  /**
   * Sends an answer together with others when this turn of the event loop ends, or a millisecond does: a client of this machine that is
   * woken by each answer costs more than most of them. What is large is not kept.
   */
  send(connection: LaneConnection, head: string, body: Buffer | string): void {
    const nowMs = this.options.now();
    if (this.#answers.push({ connection, head, body }) === 1) {
      this.#firstMs = nowMs;
      setImmediate(this.flush);
    }
    if (nowMs !== this.#firstMs || body.length >= LARGE_BYTES) this.flush();
  }

  /** Sends what has been answered. */
  readonly flush = (): void => {
    if (this.#answers.length === 0) return;
    for (const { connection, head, body } of this.#answers.splice(0)) connection.write(head, body);
  };

  /** Ends all connections; what their clients have not read by now is thrown away. */
  close(): void {
    this.flush();
    for (const connection of this.#open) connection.close();
  }

  /** The last headers of an answer, and the empty line. */
  get tail(): string {
    const second = Math.floor(this.options.now() / 1_000);
    if (second !== this.#tailSecond) {
      this.#tailSecond = second;
      const seconds = Math.floor(this.options.keepAliveMs / 1_000);
      this.#tail = `Date: ${new Date(second * 1_000).toUTCString()}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n\r\n`;
    }
    return this.#tail;
  }
}

interface Answer {
  readonly connection: LaneConnection;
  readonly head: string;
  readonly body: Buffer | string;
}

/** One connection: one request at a time, in the order in which they came. */
class LaneConnection implements QuickConnection {
  readonly #socket: Socket;
  readonly #lane: QuickLane;
  readonly #gone: () => void;
  /** What came and is not read yet. */
  #unread: Buffer | undefined;
  #serving: QuickExchange | undefined;
  #isReading = false;
  #isFull = false;
  #hasEnded = false;
  #hasAnswered = false;

  constructor(socket: Socket, lane: QuickLane, gone: () => void) {
    this.#socket = socket;
    this.#lane = lane;
    this.#gone = gone;
    socket.setTimeout(lane.options.silenceMs);
    socket
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('error', ignore)
      .on('close', this.#onClose)
      .on('timeout', this.#onTimeout)
      .on('drain', this.#onDrain);
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  answer(head: string, body: Buffer | string): void {
    this.#serving = undefined;
    this.#lane.send(this, head, body);
    // What was answered in the turn in which it was read goes on there.
    if (!this.#isReading) this.#readOn();
  }

  /** Writes an answer; those of one connection in the order in which they were given. */
  write(head: string, body: Buffer | string): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    if (!this.#hasAnswered) {
      this.#hasAnswered = true;
      socket.setTimeout(this.#lane.options.keepAliveMs);
    }
    // One small write costs less than two, and than putting them together as bytes.
    const text = typeof body !== 'string' && body.length <= SMALL_BYTES ? body.toString('latin1') : body;
    if (typeof text === 'string') socket.write(head + this.#lane.tail + text, 'latin1');
    else {
      socket.cork();
      socket.write(head + this.#lane.tail, 'latin1');
      socket.write(text);
      socket.uncork();
    }
    if (socket.writableLength >= UNREAD_BYTES) {
      this.#isFull = true;
      socket.setTimeout(this.#lane.options.readingTimeoutMs);
    }
  }

  close(): void {
    if (this.#socket.writableLength > 0) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#unread = this.#unread === undefined ? chunk : Buffer.concat([this.#unread, chunk]);
    if (this.#isReading || this.#serving !== undefined || this.#isFull) {
      if (this.#unread.length > MOST_AHEAD_BYTES) this.#socket.pause();
      return;
    }
    this.#readOn();
  };

  /** Serves what has come, request after request. */
  #readOn(): void {
    this.#isReading = true;
    for (let served = 0; this.#unread !== undefined; served += 1) {
      if (this.#serving !== undefined || this.#isFull || this.#socket.destroyed) break;
      if (served >= MOST_IN_A_TURN) {
        setImmediate(() => this.#readOn());
        return;
      }
      const bytes = this.#unread;
      const request = readPlainRequest(bytes, this.#lane.options.maxHeaderBytes);
      if (request === undefined) {
        this.#lane.flush();
        if (this.#hasEnded) this.#socket.destroySoon();
        else this.#handOver(bytes);
        return;
      }
      this.#unread = bytes.length > request.endsAt ? bytes.subarray(request.endsAt) : undefined;
      const body = bytes.subarray(request.bodyAt, request.endsAt);
      this.#serving = new QuickExchange(request, body, this);
      this.#lane.options.answer(this.#serving);
    }
    this.#isReading = false;
    if (this.#hasEnded) this.#endIfDone();
    else if (this.#unread === undefined && this.#socket.isPaused()) this.#socket.resume();
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('error', ignore)
      .off('close', this.#onClose)
      .off('timeout', this.#onTimeout)
      .off('drain', this.#onDrain);
    this.#gone();
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(bytes);
    this.#lane.options.handOver(socket);
    // After node:http has begun to listen, and before anything more arrives.
    process.nextTick(() => socket.resume());
  }

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (!this.#isReading) this.#endIfDone();
  };

  /** A client that says no more while it has to wait is gone, as for node:http. */
  #endIfDone(): void {
    if (this.#serving === undefined && this.#unread !== undefined) return;
    this.#lane.flush();
    this.#socket.end();
  }

  readonly #onClose = (): void => {
    this.#gone();
    this.#unread = undefined;
    this.#serving?.end(false);
  };

  readonly #onTimeout = (): void => {
    if (this.#isFull) this.#socket.destroy();
    // Who waits for an answer may be silent.
    else if (this.#serving === undefined) {
      if (this.#hasAnswered) this.#socket.destroySoon();
      else this.#lane.options.refuseSilent(this.#socket);
    }
  };

  readonly #onDrain = (): void => {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#socket.setTimeout(this.#lane.options.keepAliveMs);
    if (this.#serving === undefined && !this.#isReading) this.#readOn();
  };
}

/** What goes wrong with a connection ends it: `close` follows. */
function ignore(): void {
  return undefined;
}
