import { STATUS_CODES, type IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { AppError } from '../../../core/index.js';
import { type HttpExchange, printable } from '../exchange.js';
import { headerOf, type PlainRequest } from './request-head.js';

/** The connection that a request came over. */
export interface QuickConnection {
  readonly remoteAddress: string;
  /** Sends the answer to the request that is being served. */
  answer(head: string, body: Buffer | string): void;
  destroy(): void;
}

const UNPRINTABLE = /[^\t\x20-\x7e\x80-\xff]/;

/** A request of the quick lane, and its answer. */
export class QuickExchange implements HttpExchange {
  readonly method: string;
  readonly target: string;
  isOver = false;
  readonly #headers: readonly string[];
  readonly #body: Buffer;
  readonly #connection: QuickConnection;
  #onceOver: ((answered: boolean) => void)[] | undefined;

  /** `body` is all of it. */
  constructor({ method, target, headers }: PlainRequest, body: Buffer, connection: QuickConnection) {
    this.method = method;
    this.target = target;
    this.#headers = headers;
    this.#body = body;
    this.#connection = connection;
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  header(name: string): string {
    return headerOf(this.#headers, name) ?? '';
  }

  headers(): IncomingHttpHeaders {
    const headers: Record<string, string> = {};
    for (let at = 0; at < this.#headers.length; at += 2)
      Object.defineProperty(headers, this.#headers[at] ?? '', { value: this.#headers[at + 1], enumerable: true });
    return headers;
  }

  body(limitBytes: number, refusal: string): Promise<Buffer> {
    return this.#body.length > limitBytes
      ? Promise.reject(new AppError('tooLarge', refusal))
      : Promise.resolve(this.#body);
  }

  stream(): Readable {
    return Readable.from([this.#body]);
  }

  onceOver(listener: (answered: boolean) => void): void {
    (this.#onceOver ??= []).push(listener);
  }

  /** To be called when the client goes away before it has its answer. */
  end(answered: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.#onceOver !== undefined) for (const listener of this.#onceOver) listener(answered);
  }

  send(status: number, headers: string[], body: Buffer | string): void {
    if (this.isOver) return;
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
    for (let at = 0; at < headers.length; at += 2) head += `${safe(headers[at])}: ${safe(headers[at + 1])}\r\n`;
    this.end(true);
    this.#connection.answer(head, body);
  }

  sendStream(_status: number, _headers: readonly string[], body: Readable): void {
    body.destroy();
    throw new Error(`${this.method} ${this.target} answers with a stream: it must not be on the quick lane`);
  }

  destroy(): void {
    this.#connection.destroy();
  }
}

const safe = (text = ''): string => (UNPRINTABLE.test(text) ? printable(text) : text);
