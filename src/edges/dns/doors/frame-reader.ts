const LENGTH_BYTES = 2;
/** What the header of a message takes. */
const LEAST_BYTES = 12;

/** Takes messages behind their lengths out of a stream (RFC 1035, 4.2.2). */
export class FrameReader {
  readonly #mostBytes: number;
  #pending: Buffer = Buffer.alloc(0);

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Whether a message has begun and not ended. */
  get isPartial(): boolean {
    return this.#pending.length > 0;
  }

  /** The messages that a piece of the stream completes; undefined when a length is out of bounds. */
  push(chunk: Buffer): readonly Buffer[] | undefined {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const messages: Buffer[] = [];
    let at = 0;
    while (at + LENGTH_BYTES <= bytes.length) {
      const length = bytes.readUInt16BE(at);
      if (length < LEAST_BYTES || length > this.#mostBytes) return undefined;
      const end = at + LENGTH_BYTES + length;
      if (end > bytes.length) break;
      messages.push(bytes.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    this.#pending = bytes.subarray(at);
    return messages;
  }
}
