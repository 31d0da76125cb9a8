import { AppError } from '../../core/index.js';

const malformed = (): AppError =>
  new AppError('invalidArgument', 'the discovery request is not valid protobuf; is the client an xDS v3 client?');

/**
 * Walks the fields of one protobuf message without decoding it. After `next()`: `field`, and for length-delimited fields
 * `start` and `end`, for numbers `value`. AppError('invalidArgument') on anything that is not protobuf.
 */
export class WireReader {
  readonly bytes: Buffer;
  field = 0;
  wireType = 0;
  start = 0;
  end = 0;
  value = 0;
  #position: number;
  readonly #limit: number;

  constructor(bytes: Buffer, from = 0, to = bytes.length) {
    this.bytes = bytes;
    this.#position = from;
    this.#limit = to;
  }

  next(): boolean {
    if (this.#position >= this.#limit) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag & 7;
    if (this.field === 0) throw malformed();
    if (this.wireType === 2) {
      const length = this.#varint();
      this.start = this.#position;
      this.end = this.#advance(length);
    } else if (this.wireType === 0) this.value = this.#varint();
    else if (this.wireType === 5) this.#advance(4);
    else if (this.wireType === 1) this.#advance(8);
    else throw malformed();
    return true;
  }

  /** The content of the present length-delimited field as text. */
  text(): string {
    return this.wireType === 2 ? this.bytes.toString('utf8', this.start, this.end) : '';
  }

  /** A reader of the present length-delimited field. */
  inner(): WireReader {
    if (this.wireType !== 2) throw malformed();
    return new WireReader(this.bytes, this.start, this.end);
  }

  #advance(length: number): number {
    this.#position += length;
    if (this.#position > this.#limit) throw malformed();
    return this.#position;
  }

  #varint(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10; count++) {
      const byte = this.#position < this.#limit ? this.bytes[this.#position++] : undefined;
      if (byte === undefined) throw malformed();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw malformed();
  }
}
