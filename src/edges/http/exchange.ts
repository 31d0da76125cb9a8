import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

/** A request and the way of its answer, whoever reads and writes the bytes: node:http, or the quick lane. */
export interface HttpExchange {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly remoteAddress: string;
  /** A header by its lower-case name; empty when absent. */
  header(name: string): string;
  /** All headers, by their lower-case names. */
  headers(): IncomingHttpHeaders;
  /** The whole body; AppError('tooLarge') with `refusal` above `limitBytes`. */
  body(limitBytes: number, refusal: string): Promise<Buffer>;
  /** The body as it arrives. Read it or `body`, once. */
  stream(): Readable;
  /** The client is gone, or has its answer. */
  readonly isOver: boolean;
  /** Runs `listener` once it is over; `answered` = the answer went out whole. */
  onceOver(listener: (answered: boolean) => void): void;
  /** Answers with a whole body. `headers` are name, value, name, value …; a client that does not read is cut off. */
  send(status: number, headers: string[], body: Buffer | string): void;
  /** Answers with what comes, until it ends or the client goes away. */
  sendStream(status: number, headers: readonly string[], body: Readable): void;
  /** Cuts the client off, for what cannot be answered. */
  destroy(): void;
}

/** A value that may stand in a header: text beyond Latin-1 as the bytes of its UTF-8, control characters as spaces, as Go writes them. */
export function printable(value: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return Buffer.from(value)
    .toString('latin1')
    .replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f]/g, ' ');
}
