import { AppError } from '../../core/index.js';

const FIRST_SIZE = 64 * 1024;
const SHORT_TEXT = 128;
const SAFE_DIGITS = 9;
const MASK_64 = (1n << 64n) - 1n;

/**
 * Protobuf's wire format, written from the end to the beginning: the length that stands before a message, a text or a map entry is
 * known when it is written. What is to stand last is written first.
 */
export class WireWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_SIZE);
  /** Where the part that is written begins; its distance from the end is how much there is. */
  #at = FIRST_SIZE;

  /** How many bytes are written. */
  get size(): number {
    return this.#bytes.length - this.#at;
  }

  /** A copy of what was written since the size was `since`, which is forgotten. Memory of its own when `alone`, else shared pages. */
  take(since: number, alone: boolean): Buffer {
    const length = this.size - since;
    const taken = alone ? Buffer.allocUnsafeSlow(length) : Buffer.allocUnsafe(length);
    this.#bytes.copy(taken, 0, this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  /** Forgets what was written since the size was `since`: an encoding that failed. */
  forget(since: number): void {
    this.#at = this.#bytes.length - since;
  }

  /** The length of what was written since the size was `since`. */
  lengthSince(since: number): void {
    this.varint(this.size - since);
  }

  /** A whole number below 2^32. */
  varint(value: number): void {
    if (this.#at < 5) this.#grow(5);
    if (value < 0x80) {
      this.#bytes[--this.#at] = value;
      return;
    }
    const size = value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
    let at = (this.#at -= size);
    let rest = value;
    for (let left = size; left > 1; left--) {
      this.#bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[at] = rest;
  }

  /** A number of up to 64 bits, negative ones as their two's complement. */
  varint64(value: number | string | bigint): void {
    const small = typeof value === 'string' && value.length <= SAFE_DIGITS ? Number(value) : value;
    if (typeof small === 'number' && small >= 0 && small < 0x1_0000_0000) return this.varint(Math.trunc(small));
    let rest = bigint(value) & MASK_64;
    const parts: number[] = [];
    do {
      parts.push(Number(rest & 0x7fn));
      rest >>= 7n;
    } while (rest > 0n);
    for (let position = parts.length - 1; position >= 0; position--)
      this.#byte((parts[position] as number) | (position === parts.length - 1 ? 0 : 0x80));
  }

  /** Zigzag: small numbers of either sign are short. */
  zigzag64(value: number | string | bigint): void {
    const whole = bigint(value);
    this.varint64(whole >= 0n ? whole << 1n : (-whole << 1n) - 1n);
  }

  fixed32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeUInt32LE(value >>> 0, at);
  }

  fixed64(value: number | string | bigint): void {
    const at = this.#room(8);
    this.#bytes.writeBigUInt64LE(bigint(value) & MASK_64, at);
  }

  float(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeFloatLE(value, at);
  }

  double(value: number): void {
    const at = this.#room(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  /** Bytes with their length. */
  bytes(value: Uint8Array): void {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    this.varint(value.length);
  }

  /** Text in UTF-8 with its length. */
  text(value: string): void {
    const length = value.length;
    if (length <= SHORT_TEXT) {
      const at = this.#room(length);
      let position = 0;
      for (; position < length; position++) {
        const code = value.charCodeAt(position);
        if (code > 0x7f) break;
        this.#bytes[at + position] = code;
      }
      if (position === length) return this.varint(length);
      this.#at += length;
    }
    const size = Buffer.byteLength(value);
    const at = this.#room(size);
    this.#bytes.write(value, at, size, 'utf8');
    this.varint(size);
  }

  #byte(value: number): void {
    const at = this.#room(1);
    this.#bytes[at] = value;
  }

  /** Makes room for some bytes in front; returns where they begin. Afterwards `#bytes` may be another buffer. */
  #room(size: number): number {
    if (this.#at < size) this.#grow(size);
    return (this.#at -= size);
  }

  #grow(size: number): void {
    const { length } = this.#bytes;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * length, length + size));
    this.#bytes.copy(larger, larger.length - this.size, this.#at);
    this.#at += larger.length - length;
    this.#bytes = larger;
  }
}

function bigint(value: number | string | bigint): bigint {
  if (typeof value === 'bigint') return value;
  try {
    return BigInt(typeof value === 'number' ? Math.trunc(value) : value);
  } catch {
    throw new AppError('internal', `${String(value)} is not a whole number of 64 bits`);
  }
}
