import type { Clock } from '../../core/index.js';
import type { CellNode } from './cell-node.js';

const IDLE_LIFE_MS = 60_000;
const SWEEP_INTERVAL_MS = 20_000;
const MAXIMUM_IDLE = 20_000;

/** Cells without consumers and readers, oldest use first: dropped after a minute, or at once when there are too many. */
export class IdleCells {
  readonly #clock: Clock;
  readonly #drop: (node: CellNode) => void;
  readonly #cells = new Set<CellNode>();
  #cancelSweep: (() => void) | undefined;

  constructor(clock: Clock, drop: (node: CellNode) => void) {
    this.#clock = clock;
    this.#drop = drop;
  }

  /** Notes that an idle cell was used just now. */
  touch(node: CellNode): void {
    node.idleSince = this.#clock.now();
    this.#cells.delete(node);
    this.#cells.add(node);
    if (this.#cells.size > MAXIMUM_IDLE) this.#dropWhile(() => this.#cells.size > MAXIMUM_IDLE);
    this.#cancelSweep ??= this.#clock.after(SWEEP_INTERVAL_MS, () => this.#sweep());
  }

  close(): void {
    this.#cancelSweep?.();
    this.#cells.clear();
  }

  #sweep(): void {
    const deadline = this.#clock.now() - IDLE_LIFE_MS;
    this.#dropWhile((node) => node.idleSince <= deadline);
    this.#cancelSweep = this.#cells.size > 0 ? this.#clock.after(SWEEP_INTERVAL_MS, () => this.#sweep()) : undefined;
  }

  #dropWhile(condition: (node: CellNode) => boolean): void {
    for (const node of this.#cells) {
      if (!condition(node)) return;
      this.#cells.delete(node);
      if (node.isIdle) this.#drop(node);
    }
  }
}
