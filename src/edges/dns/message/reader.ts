import { MAX_NAME_BYTES, escapeLabel } from './name.js';

/** Why a message cannot be read. It never leaves this folder. */
export class MalformedMessage extends Error {}

const POINTER = 0xc0;
const HEADER_BYTES = 12;
/** A name of a real message needs two or three. */
const MAX_POINTERS = 32;

/** Reads numbers, names and bytes of a message, never past its end; throws MalformedMessage. */
export class MessageReader {
  readonly #bytes: Buffer;
  offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.offset === this.#bytes.length;
  }

  u8(): number {
    this.#need(1);
    return this.#bytes[this.offset++] as number;
  }

  u16(): number {
    this.#need(2);
    const at = this.offset;
    this.offset = at + 2;
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  u32(): number {
    this.#need(4);
    this.offset += 4;
    return this.#bytes.readUInt32BE(this.offset - 4);
  }

  /** A copy of the next bytes. */
  bytes(length: number): Uint8Array {
    this.#need(length);
    this.offset += length;
    return new Uint8Array(this.#bytes.subarray(this.offset - length, this.offset));
  }

  /** The next bytes, one per character. */
  latin1(length: number): string {
    this.#need(length);
    this.offset += length;
    return this.#bytes.toString('latin1', this.offset - length, this.offset);
  }

  /** A name in presentation form. Pointers lead backwards only, so that they cannot go in circles. */
  name(): string {
    let text = '';
    let at = this.offset;
    let end = -1;
    let lowest = at;
    let size = 1;
    for (let pointers = 0; ; ) {
      const length = this.#bytes[at];
      if (length === undefined) throw new MalformedMessage('a name goes past the end');
      if (length === 0) break;
      if ((length & POINTER) === POINTER) {
        const low = this.#bytes[at + 1];
        if (low === undefined) throw new MalformedMessage('a pointer goes past the end');
        if (end < 0) end = at + 2;
        at = ((length & 0x3f) << 8) | low;
        if (at >= lowest || at < HEADER_BYTES) throw new MalformedMessage('a pointer that does not lead backwards');
        lowest = at;
        if (++pointers > MAX_POINTERS) throw new MalformedMessage('too many pointers in a name');
        continue;
      }
      if ((length & POINTER) !== 0) throw new MalformedMessage('a label of unknown type');
      size += length + 1;
      if (size > MAX_NAME_BYTES) throw new MalformedMessage('an oversized name');
      if (at + 1 + length > this.#bytes.length) throw new MalformedMessage('a label goes past the end');
      text += `${this.#label(at + 1, length)}.`;
      at += length + 1;
    }
    this.offset = end < 0 ? at + 1 : end;
    return text === '' ? '.' : text;
  }

  /** A label in presentation form. */
  #label(from: number, length: number): string {
    return escapeLabel(this.#bytes.toString('latin1', from, from + length));
  }

  #need(length: number): void {
    if (this.offset + length > this.#bytes.length) throw new MalformedMessage('a length goes past the end');
  }
}
