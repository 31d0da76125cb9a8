import { closeSync, fdatasync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Clock } from '../../../core/index.js';
import { type ChainPoint, decodePoint, encodePoint } from './chain.js';
import type { NewestKnown } from './loading-state.js';

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

  /** What a witness's file knows: nothing where there is none. Throws what the file system throws. */
  static readFile(path: string): NewestKnown {
    let text: string;
    try {
      text = readFileSync(path, 'latin1');
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw thrown;
    }
    if (text === '') return undefined;
    const [first, second] = [text.slice(0, SLOT_BYTES), text.slice(SLOT_BYTES, 2 * SLOT_BYTES)].map((slot) =>
      decodePoint(slot.trimEnd()),
    );
    if (!first || !second) return first ?? second ?? 'unreadable';
    return first.revision >= second.revision ? first : second;
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
}
