import type { AppError } from '../../core/index.js';
import type { Cell } from '../../model/index.js';
import { SmallSet } from './small-set.js';
import type { Source } from './sources.js';

/** `dirty`: something read directly has changed. `maybe`: a cell it read, or one below, may have. */
export type CellState = 'clean' | 'maybe' | 'dirty';

/** Somebody who is told when the value of a cell became different. `seen` is the valueVersion told last. */
export interface CellConsumer {
  seen: number;
  /** Called in a flush after all live cells are verified, with the value last told if several versions have passed. */
  tell(node: CellNode): void;
}

/** One memoised computation (kind, key) with what it read and who reads it. */
export class CellNode {
  readonly definition: Cell<unknown>;
  readonly key: string;
  /** The last value that was computed without a problem. */
  value: unknown = undefined;
  /** Why the newest computation failed; readers get it thrown, consumers keep the last good value. */
  problem: AppError | undefined = undefined;
  state: CellState = 'dirty';
  /** How often `value` became different; 0 = it never had one. */
  valueVersion = 0;
  /** The epoch in which value or problem last became different, and the one in which that was last established. */
  changedAt = 0;
  verifiedAt = 0;
  /** Greatest index of the records and marks read directly, and of everything read, through cells too. */
  ownIndex = 0;
  index = 0;
  /** What was read, in order of the first read. */
  sources: readonly Source[] = [];
  inputs: readonly CellNode[] = [];
  readonly readers = new SmallSet<CellNode>();
  readonly consumers = new SmallSet<CellConsumer>();
  /** Being verified or computed right now: reading it again is a cycle. */
  active = false;
  /** Waits for the next flush. */
  queued = false;
  idleSince = 0;

  constructor(definition: Cell<unknown>, key: string) {
    this.definition = definition;
    this.key = key;
  }

  get name(): string {
    return `${this.definition.kind} ${this.key.replaceAll('\u0000', '/')}`;
  }

  get isIdle(): boolean {
    return this.consumers.size === 0 && this.readers.size === 0;
  }
}
