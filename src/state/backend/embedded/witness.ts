import { closeSync, fdatasync, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { Clock } from '../../../core/index.js';
import { type ChainPoint, decodePoint, encodePoint } from './layout.js';

const SLOT_BYTES = 256;
const FLUSH_AFTER_MS = 1000;

/**
 * Remembers the newest durable commit outside the database. The database's own log cannot tell a lost tail from a tail that
 * was never written; this can. Written after each group and flushed a second later, so it is never ahead of the database; two
 * slots in turn, so that a torn write leaves the other.
 */
export class Witness {
  readonly #file: number;
  readonly #clock: Clock;
  #slot = 0;
  #cancelFlush: (() => void) | undefined;

  /** Opens the file, or makes it. Throws what the file system throws. */
  constructor(path: string, clock: Clock) {
    closeSync(openSync(path, 'a', 0o600));
    this.#file = openSync(path, 'r+');
    this.#clock = clock;
  }

  /** The newest commit it knows of; undefined when there is none or the file is damaged (the chain still protects the rest). */
  read(): ChainPoint | undefined {
    const [first, second] = [this.#readSlot(0), this.#readSlot(1)];
    const firstIsNewer = (first?.revision ?? -1) >= (second?.revision ?? -1);
    this.#slot = firstIsNewer ? 1 : 0;
    return firstIsNewer ? first : second;
  }

  /** Notes a durable commit. A disk that refuses leaves an older note, which protects less and harms nothing. */
  write(point: ChainPoint): void {
    try {
      writeSync(this.#file, Buffer.from(encodePoint(point).padEnd(SLOT_BYTES)), 0, SLOT_BYTES, this.#slot * SLOT_BYTES);
      this.#slot = 1 - this.#slot;
    } catch {
      return;
    }
    this.#cancelFlush ??= this.#clock.after(FLUSH_AFTER_MS, () => {
      this.#cancelFlush = undefined;
      fdatasync(this.#file, () => undefined);
    });
  }

  close(): void {
    if (this.#cancelFlush) {
      this.#cancelFlush();
      try {
        fdatasyncSync(this.#file);
      } catch {
        // Nothing depends on it: see `write`.
      }
    }
    closeSync(this.#file);
  }

  #readSlot(slot: number): ChainPoint | undefined {
    const buffer = Buffer.alloc(SLOT_BYTES);
    readSync(this.#file, buffer, 0, SLOT_BYTES, slot * SLOT_BYTES);
    return decodePoint(buffer.toString('utf8').trimEnd());
  }
}
