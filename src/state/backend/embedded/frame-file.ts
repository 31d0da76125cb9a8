import type { DiskFile } from './disk.js';
import { type Frame, HEADER_BYTES, frameLength, readFrame } from './frame.js';

/**
 * What follows the last whole frame of a file: nothing; the beginning of a frame whose write may have been cut off (by a crash, or
 * by a disk that was full); or what cannot come from that.
 */
export type Tail = 'nothing' | 'unfinished' | 'damaged';

/** Reads the frames of a file in order. */
export class FrameFile {
  readonly #file: DiskFile;
  readonly #chunkBytes: number;
  /** Where to stop. */
  readonly end: number;
  #buffer = Buffer.alloc(0);
  #bufferAt = 0;
  /** Where the next frame begins. */
  #position = 0;
  #tail: Tail = 'nothing';

  constructor(file: DiskFile, end: number, chunkBytes: number) {
    this.#file = file;
    this.end = end;
    this.#chunkBytes = chunkBytes;
  }

  /** The end of the last frame that was read. */
  get position(): number {
    return this.#position;
  }

  /** What follows it; to be asked when there is no next frame. */
  get tail(): Tail {
    return this.#tail;
  }

  /** The next frame; undefined when there is none that is whole. Its content stays: nothing is read into the same memory twice. */
  async next(): Promise<Frame | undefined> {
    const left = this.end - this.#position;
    if (left < HEADER_BYTES) return this.#stop(left > 0 ? 'unfinished' : 'nothing');
    await this.#have(HEADER_BYTES);
    const length = frameLength(this.#buffer, this.#offset);
    if (length === undefined) return this.#stop((await this.#isEmptyToEnd()) ? 'unfinished' : 'damaged');
    if (HEADER_BYTES + length > left) return this.#stop('unfinished');
    await this.#have(HEADER_BYTES + length);
    const frame = readFrame(this.#buffer, this.#offset, length);
    // Only the very last frame can have been cut off.
    if (!frame) return this.#stop(HEADER_BYTES + length === left ? 'unfinished' : 'damaged');
    this.#position += HEADER_BYTES + length;
    return frame;
  }

  #stop(tail: Tail): undefined {
    this.#tail = tail;
    return undefined;
  }

  get #offset(): number {
    return this.#position - this.#bufferAt;
  }

  /** Reads until so many bytes from the position on are there. */
  async #have(bytes: number): Promise<void> {
    if (this.#offset + bytes <= this.#buffer.length) return;
    const wanted = Math.min(this.end - this.#position, Math.max(bytes, this.#chunkBytes));
    const buffer = Buffer.allocUnsafe(wanted);
    const read = await this.#file.read(buffer, this.#position);
    this.#buffer = buffer.fill(0, read);
    this.#bufferAt = this.#position;
  }

  /** Space that was given to the file and never written. */
  async #isEmptyToEnd(): Promise<boolean> {
    const rest = Buffer.allocUnsafe(this.#chunkBytes);
    for (let at = this.#position; at < this.end; at += rest.length) {
      const read = await this.#file.read(rest, at);
      if (rest.subarray(0, Math.min(read, this.end - at)).some((byte) => byte !== 0)) return false;
    }
    return true;
  }
}
