import { AppError } from '../../core/index.js';

const PREFIX_BYTES = 5;
const LARGEST_REQUEST_BYTES = 8_388_608;
/** First byte of a request that begins with field 1 as bytes: the node of a delta request. */
const NODE_TAG = 0x0a;
const NOTHING = Buffer.alloc(0);

/** One request: its bytes, or what is left of them when the node in front was skipped. */
export type OnRequest = (message: Buffer, skippedNode: Buffer | undefined) => void;

/**
 * Cuts a byte stream into gRPC messages. A request that arrives in one piece is not copied; of one that does not, the node in front
 * is dropped as it arrives, once `skipsNodes` is set: an ACK of 60 kB then costs what its last hundred bytes cost. What is kept of
 * the node is its beginning, where its id is.
 */
export class RequestReader {
  /** Set after the first request, whose node is needed whole. Delta requests only: there the node comes first. */
  skipsNodes = false;
  readonly #onRequest: OnRequest;
  /** What is there of the present message, from its prefix on. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes of the node still to come and to be dropped. */
  #toSkip = 0;
  /** Bytes of the message behind its node. */
  #restBytes = 0;
  #node: Buffer | undefined;

  constructor(onRequest: OnRequest) {
    this.#onRequest = onRequest;
  }

  /** Takes what has arrived. AppError('tooLarge' | 'invalidArgument') on what cannot be a request. */
  push(chunk: Buffer): void {
    let data = chunk;
    while (data.length > 0) data = this.#node ? this.#skip(data) : this.#read(data);
  }

  #read(chunk: Buffer): Buffer {
    const data = this.#heldBytes > 0 ? this.#join(chunk) : chunk;
    if (data === undefined) return NOTHING;
    if (data.length < PREFIX_BYTES) return this.#hold(data);
    if (data[0] !== 0)
      throw new AppError('invalidArgument', 'compressed requests are not understood; turn compression off');
    const length = data.readUInt32BE(1);
    if (length > LARGEST_REQUEST_BYTES) {
      throw new AppError(
        'tooLarge',
        `a discovery request of ${length} bytes is over the limit of ${LARGEST_REQUEST_BYTES}`,
      );
    }
    const end = PREFIX_BYTES + length;
    if (data.length < end) return this.skipsNodes && this.#beginSkip(data, length) ? NOTHING : this.#hold(data);
    this.#onRequest(data.subarray(PREFIX_BYTES, end), undefined);
    return data.subarray(end);
  }

  /** Everything held with the new chunk, or undefined while the message is known to be incomplete still. */
  #join(chunk: Buffer): Buffer | undefined {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    const [first] = this.#held;
    if (first && first.length >= PREFIX_BYTES && this.#heldBytes < PREFIX_BYTES + first.readUInt32BE(1))
      return undefined;
    const joined = Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    return joined;
  }

  #hold(data: Buffer): Buffer {
    this.#held = [data];
    this.#heldBytes = data.length;
    return NOTHING;
  }

  /** Begins to drop the node at the front of an incomplete message; false when there is none, or it is all there. */
  #beginSkip(data: Buffer, messageBytes: number): boolean {
    if (data[PREFIX_BYTES] !== NODE_TAG) return false;
    let nodeBytes = 0;
    let position = PREFIX_BYTES + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = data[position++];
      if (byte === undefined || shift > 28) return false;
      nodeBytes += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const nodeEnd = position + nodeBytes;
    if (nodeEnd <= data.length || nodeEnd > PREFIX_BYTES + messageBytes) return false;
    this.#node = data.subarray(position);
    this.#toSkip = nodeEnd - data.length;
    this.#restBytes = PREFIX_BYTES + messageBytes - nodeEnd;
    return true;
  }

  #skip(chunk: Buffer): Buffer {
    const dropped = Math.min(this.#toSkip, chunk.length);
    this.#toSkip -= dropped;
    const data = chunk.subarray(dropped);
    if (this.#toSkip > 0) return NOTHING;
    this.#held.push(data);
    this.#heldBytes += data.length;
    if (this.#heldBytes < this.#restBytes) return NOTHING;
    const all = this.#held.length === 1 ? data : Buffer.concat(this.#held, this.#heldBytes);
    const node = this.#node;
    this.#node = undefined;
    this.#held = [];
    this.#heldBytes = 0;
    this.#onRequest(all.subarray(0, this.#restBytes), node);
    return all.subarray(this.#restBytes);
  }
}
