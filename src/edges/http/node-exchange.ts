import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { readBody } from './body.js';
import { type HttpExchange, printable } from './exchange.js';
import { endSlowReader } from './slow-readers.js';

/** A request that node:http has read, and its response. */
export class NodeExchange implements HttpExchange {
  readonly method: string;
  readonly target: string;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #readingTimeoutMs: number;

  constructor(request: IncomingMessage, response: ServerResponse, readingTimeoutMs: number) {
    this.method = request.method ?? 'GET';
    this.target = request.url ?? '/';
    this.#request = request;
    this.#response = response;
    this.#readingTimeoutMs = readingTimeoutMs;
  }

  get remoteAddress(): string {
    return this.#request.socket.remoteAddress ?? '';
  }

  header(name: string): string {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(',') : (value ?? '');
  }

  headers(): IncomingHttpHeaders {
    return this.#request.headers;
  }

  body(limitBytes: number, refusal: string): Promise<Buffer> {
    return readBody(this.#request, Number(this.#request.headers['content-length'] ?? 0), limitBytes, refusal);
  }

  stream(): Readable {
    return this.#request;
  }

  get isOver(): boolean {
    return this.#response.closed || this.#response.destroyed;
  }

  onceOver(listener: (answered: boolean) => void): void {
    this.#response.once('close', () => listener(this.#response.writableFinished));
  }

  send(status: number, headers: string[], body: Buffer | string): void {
    // What is left of a refused body is not read: the connection cannot be used again.
    if (status >= 400 && !this.#request.complete) headers.push('Connection', 'close');
    try {
      this.#response.writeHead(status, headers);
    } catch {
      this.#response.writeHead(
        status,
        headers.map((text, at) => (at % 2 === 0 ? text : printable(text))),
      );
    }
    if (typeof body === 'string') this.#response.end(body, 'latin1');
    else this.#response.end(body);
    endSlowReader(this.#response, this.#readingTimeoutMs);
  }

  sendStream(status: number, headers: readonly string[], body: Readable): void {
    this.#response.writeHead(status, [...headers]);
    // The client sees at once that it is being served.
    this.#response.flushHeaders();
    pipeline(body, this.#response, () => undefined);
  }

  destroy(): void {
    this.#response.destroy();
  }
}
