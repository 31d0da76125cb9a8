import { AppError } from '../../../core/index.js';
import { MAX_LABEL_BYTES, MAX_NAME_BYTES, labelEnd, unescapeLabel } from './name.js';

/** Thrown inside this folder when a message does not fit. */
export class MessageTooLong extends Error {}

const LAST_POINTED_AT = 0x3fff;
/** One scratch for all messages: they are written in one turn and copied out. */
const scratch = Buffer.allocUnsafe(65_536);

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
    this.offset = scratch.writeUInt16BE(value & 0xffff, this.offset);
  }

  u32(value: number): void {
    this.#need(4);
    this.offset = scratch.writeUInt32BE(value >>> 0, this.offset);
  }

  bytes(bytes: Uint8Array): void {
    this.#need(bytes.length);
    scratch.set(bytes, this.offset);
    this.offset += bytes.length;
  }

  latin1(text: string): void {
    this.#need(text.length);
    scratch.write(text, this.offset, 'latin1');
    this.offset += text.length;
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

  /** Writes `content` behind its length in 16 bits. */
  measured(content: () => void): void {
    const at = this.offset;
    this.u16(0);
    content();
    scratch.writeUInt16BE(this.offset - at - 2, at);
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
