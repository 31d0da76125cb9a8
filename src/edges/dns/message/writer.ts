import { AppError } from '../../../core/index.js';
import type { RecordWire } from './message.js';
import { MAX_LABEL_BYTES, MAX_NAME_BYTES, labelEnd, unescapeLabel } from './name.js';

/** Thrown inside this folder when a message does not fit. */
export class MessageTooLong extends Error {}

const LAST_POINTED_AT = 0x3fff;
/** One scratch for all messages: they are written in one turn and copied out. */
const scratch = Buffer.allocUnsafe(65_536);
/** So few are copied faster one by one. */
const SHORT_BYTES = 64;

/** Writes numbers, names and bytes of one message; suffixes of names that stand there already become pointers. */
export class MessageWriter {
  readonly #limit: number;
  readonly #names: Map<string, number> | undefined;
  offset = 0;

  constructor(limitBytes: number, compress: boolean) {
    this.#limit = Math.min(limitBytes, 65_535);
    this.#names = compress ? new Map() : undefined;
  }

  u8(value: number): void {
    this.#need(1);
    scratch[this.offset++] = value;
  }

  u16(value: number): void {
    this.#need(2);
    scratch[this.offset++] = value >>> 8;
    scratch[this.offset++] = value;
  }

  u32(value: number): void {
    this.#need(4);
    scratch[this.offset++] = value >>> 24;
    scratch[this.offset++] = value >>> 16;
    scratch[this.offset++] = value >>> 8;
    scratch[this.offset++] = value;
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#need(length);
    if (length > SHORT_BYTES) scratch.set(bytes, this.offset);
    else for (let at = 0; at < length; at++) scratch[this.offset + at] = bytes[at] as number;
    this.offset += length;
  }

  latin1(text: string): void {
    const { length } = text;
    this.#need(length);
    if (length > SHORT_BYTES) scratch.write(text, this.offset, 'latin1');
    else for (let at = 0; at < length; at++) scratch[this.offset + at] = text.charCodeAt(at);
    this.offset += length;
  }

  /** A name in presentation form. `whole` = without pointers, as in the data of SRV (RFC 2782). */
  name(name: string, whole = false): void {
    const start = this.offset;
    for (let at = 0; at < name.length && name !== '.'; ) {
      const suffix = at === 0 ? name : name.slice(at);
      const known = whole ? undefined : this.#names?.get(suffix);
      if (known !== undefined) {
        this.u16(0xc000 | known);
        return;
      }
      if (this.#names && this.offset <= LAST_POINTED_AT && !this.#names.has(suffix))
        this.#names.set(suffix, this.offset);
      const end = labelEnd(name, at);
      this.#label(unescapeLabel(name.slice(at, end)), name);
      if (this.offset - start >= MAX_NAME_BYTES) throw unsendable(name);
      at = end + 1;
    }
    this.u8(0);
  }

  /** A record without its name, as it was written before. */
  wire({ bytes, targets }: RecordWire): void {
    const start = this.offset;
    this.bytes(bytes);
    if (!this.#names) return;
    for (const { suffix, at } of targets) {
      // Where a name is known, its suffixes are.
      if (start + at > LAST_POINTED_AT || this.#names.has(suffix)) return;
      this.#names.set(suffix, start + at);
    }
  }

  /** Leaves room for the length in 16 bits of what is written until `endMeasured`; returns what that is to be given. */
  beginMeasured(): number {
    this.u16(0);
    return this.offset;
  }

  endMeasured(from: number): void {
    const length = this.offset - from;
    scratch[from - 2] = length >>> 8;
    scratch[from - 1] = length;
  }

  finish(): Buffer {
    return Buffer.from(scratch.subarray(0, this.offset));
  }

  #label(bytes: string, name: string): void {
    if (bytes.length === 0 || bytes.length > MAX_LABEL_BYTES) throw unsendable(name);
    this.u8(bytes.length);
    this.latin1(bytes);
  }

  #need(length: number): void {
    if (this.offset + length > this.#limit) throw new MessageTooLong();
  }
}

const unsendable = (name: string): AppError =>
  new AppError('internal', `the name "${name.slice(0, 300)}" breaks the limits of DNS`);
