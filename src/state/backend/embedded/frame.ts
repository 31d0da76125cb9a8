import { hash } from 'node:crypto';

/**
 * Files of the store are sequences of frames:
 *   length of the body (4 bytes), its complement (4), hash (16), body
 *   body: hash of the frame before (16), kind (1), content
 * The hash is over the body, so that a frame says what came before it: nothing can be changed, lost or moved unnoticed. The
 * complement tells a damaged length from one whose frame was never written to its end.
 */
export const FRAME_KINDS = {
  /** The first of a file: what it is and what it continues. Follows a hash of zeros. */
  start: 1,
  /** Commits that became durable together. */
  commits: 2,
  /** Records of a snapshot. */
  records: 3,
  /** The last of a snapshot: how many records there are. */
  end: 4,
} as const;

export const HASH_BYTES = 16;
export const HEADER_BYTES = 8 + HASH_BYTES;
/** Where the content of a body begins. */
const CONTENT_AT = HASH_BYTES + 1;
const MAXIMUM_KEPT_BYTES = 4 << 20;

/** The hash of a body, as 32 hex digits. */
export const bodyHash = (body: Uint8Array): string => hash('sha256', body, 'hex').slice(0, 2 * HASH_BYTES);

/** Writes one frame after another into memory that it uses again. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafe(65_536);
  #at = 0;

  /** Begins a frame that follows one with the hash `previous`. */
  begin(kind: number, previous: string): void {
    if (this.#bytes.length > MAXIMUM_KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(65_536);
    this.#bytes.write(previous, HEADER_BYTES, HASH_BYTES, 'hex');
    this.#at = HEADER_BYTES + HASH_BYTES;
    this.byte(kind);
  }

  /** Bytes of content so far. */
  get size(): number {
    return this.#at - HEADER_BYTES - CONTENT_AT;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  /** A whole number below 2^48. */
  number(value: number): void {
    this.#reserve(6);
    this.#at = this.#bytes.writeUIntLE(value, this.#at, 6);
  }

  text(value: string): void {
    this.#reserve(4 + 3 * value.length);
    const length = this.#bytes.write(value, this.#at + 4);
    this.#bytes.writeUInt32LE(length, this.#at);
    this.#at += 4 + length;
  }

  /** Content that was written before. */
  copy(content: Buffer, from: number, to: number): void {
    this.#reserve(to - from);
    this.#at += content.copy(this.#bytes, this.#at, from, to);
  }

  /** Ends the frame. Its bytes stay until the next one begins. */
  finish(): { readonly bytes: Buffer; readonly hash: string } {
    const bytes = this.#bytes.subarray(0, this.#at);
    const length = this.#at - HEADER_BYTES;
    const own = bodyHash(bytes.subarray(HEADER_BYTES));
    bytes.writeUInt32LE(length, 0);
    bytes.writeUInt32LE(~length >>> 0, 4);
    bytes.write(own, 8, HASH_BYTES, 'hex');
    return { bytes, hash: own };
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** A frame that was read and has the hash it says. `content` is a part of what was read with it, and keeps all of that. */
export interface Frame {
  readonly kind: number;
  readonly previous: string;
  readonly hash: string;
  readonly content: Buffer;
}

/** What a frame's header says of the bytes from `at` on; undefined when it is damaged. */
export function frameLength(bytes: Buffer, at: number): number | undefined {
  const length = bytes.readUInt32LE(at);
  return length >= CONTENT_AT && bytes.readUInt32LE(at + 4) === ~length >>> 0 ? length : undefined;
}

/** The frame at `at` that is `length` long; undefined when its hash is wrong. */
export function readFrame(bytes: Buffer, at: number, length: number): Frame | undefined {
  const body = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
  const own = bytes.toString('hex', at + 8, at + HEADER_BYTES);
  if (bodyHash(body) !== own) return undefined;
  return {
    kind: body[HASH_BYTES] as number,
    previous: body.toString('hex', 0, HASH_BYTES),
    hash: own,
    content: body.subarray(CONTENT_AT),
  };
}
