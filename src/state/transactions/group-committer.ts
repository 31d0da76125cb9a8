import { AppError } from '../../core/index.js';
import type { AppliedRevisions } from '../applied-revisions.js';
import type { Backend, Condition, RangeCondition } from '../backend/index.js';
import type { ReadListener } from '../derive/index.js';
import type { Transaction } from '../state-store.js';
import type { StateReader } from '../tables/index.js';
import { CommitGroup, type GroupPart } from './commit-group.js';
import { Footprint } from './footprint.js';
import { TransactionView } from './transaction-view.js';

/** So many groups are on their way at once; what comes meanwhile makes the next ones larger. */
const MOST_IN_FLIGHT = 3;
/** How often a transaction that was in a group which met a conflict of another's is tried in a group again. */
const GROUP_ATTEMPTS = 3;

/** What became of a transaction: its result at a revision, or that it has to be run by itself. */
export type Grouped<Result> = { readonly result: Result; readonly revision: number } | 'alone' | 'conflict';

interface Waiting {
  readonly run: (transaction: Transaction) => unknown;
  readonly resolve: (outcome: Grouped<unknown>) => void;
  readonly reject: (error: unknown) => void;
  attempts: number;
}

interface Member {
  readonly waiting: Waiting;
  readonly result: unknown;
  readonly part: GroupPart;
}

interface GroupCommitterParts {
  readonly backend: Backend;
  readonly applied: AppliedRevisions;
  /** The applied state. */
  readonly state: StateReader;
  /** What turns indexes into revisions. */
  readonly base: () => number;
  readonly now: () => number;
  readonly conditionsOf: (footprint: Footprint) => readonly (Condition | RangeCondition)[];
}

/**
 * Commits several transactions as one, for engines to which each costs a round of replication. Those that wait are evaluated one
 * after another, each over the writes of those before; several groups are on their way as long as none could tell the other apart.
 * A transaction that fails or writes nothing is left to be run alone, since nothing compares what it has read.
 */
export class GroupCommitter {
  readonly #parts: GroupCommitterParts;
  readonly #inFlight = new Set<CommitGroup>();
  #waiting: Waiting[] = [];
  #isScheduled = false;

  constructor(parts: GroupCommitterParts) {
    this.#parts = parts;
  }

  commit<Result>(run: (transaction: Transaction) => Result): Promise<Grouped<Result>> {
    return new Promise<Grouped<unknown>>((resolve, reject) => {
      this.#waiting.push({ run, resolve, reject, attempts: 0 });
      this.#schedule();
    }) as Promise<Grouped<Result>>;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0 || this.#inFlight.size >= MOST_IN_FLIGHT) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      while (this.#inFlight.size < MOST_IN_FLIGHT && this.#sendOne());
    });
  }

  /** Forms a group of those that wait and sends it. False when nothing can be sent now. */
  #sendOne(): boolean {
    const group = new CommitGroup(this.#parts.state);
    const members: Member[] = [];
    const later: Waiting[] = [];
    let isFull = false;
    for (const waiting of this.#waiting) {
      if (isFull) {
        later.push(waiting);
        continue;
      }
      const member = this.#evaluate(waiting, group);
      if (!member) continue;
      const isEntangled = [...this.#inFlight].some((other) => other.isEntangledWith(member.part));
      isFull = !isEntangled && !group.hasRoomFor(member.part);
      if (isEntangled || isFull) later.push(waiting);
      else {
        group.add(member.part);
        members.push(member);
      }
    }
    this.#waiting = later;
    if (members.length === 0) return false;
    this.#inFlight.add(group);
    void this.#send(group, members).finally(() => {
      this.#inFlight.delete(group);
      this.#schedule();
    });
    return this.#waiting.length > 0;
  }

  /** Undefined when it is none for a group; then it was told so. */
  #evaluate(waiting: Waiting, group: CommitGroup): Member | undefined {
    const { applied, base, now, conditionsOf } = this.#parts;
    const footprint = new Footprint(applied.revision, base());
    const listener: ReadListener = {
      get(table, key, row) {
        if (!group.writes(table, key)) footprint.get(table, key, row);
      },
      range: (table, index, prefix) => footprint.range(table, index, prefix),
    };
    const view = new TransactionView(group.reader, applied.revision + 1 + base(), listener, now());
    try {
      const result = waiting.run(view);
      if (view.hasWrites) return { waiting, result, part: { conditions: conditionsOf(footprint), ...view.finish() } };
    } catch {
      // It may be because of the others' writes: alone it is evaluated again.
    }
    waiting.resolve('alone');
    return undefined;
  }

  async #send(group: CommitGroup, members: readonly Member[]): Promise<void> {
    const { backend, applied } = this.#parts;
    try {
      const transaction = group.transaction();
      if (transaction.operations.length === 0) {
        for (const { waiting } of members) waiting.resolve('alone');
        return;
      }
      const outcome = await backend.commit(transaction);
      if (outcome.ok) {
        await applied.reached(outcome.revision);
        for (const { waiting, result } of members) waiting.resolve({ result, revision: outcome.revision });
      } else await this.#afterConflict(outcome.conflict, members);
    } catch (thrown) {
      // Refused for what it holds: whose fault it is shows when each is sent by itself.
      const isRefused = members.length > 1 && AppError.from(thrown).code !== 'unavailable';
      for (const { waiting } of members)
        if (isRefused) waiting.resolve('alone');
        else waiting.reject(thrown);
    }
  }

  /** Those that met the conflict go on by themselves; the others had bad company and try again on the newest state. */
  async #afterConflict(conflict: Condition | RangeCondition, members: readonly Member[]): Promise<void> {
    const innocent: Waiting[] = [];
    for (const { waiting, part } of members) {
      waiting.attempts += 1;
      const met = part.conditions.some((condition) => isSame(condition, conflict));
      if (met || waiting.attempts >= GROUP_ATTEMPTS) waiting.resolve('conflict');
      else innocent.push(waiting);
    }
    if (innocent.length === 0) return;
    try {
      await this.#parts.applied.reached(await this.#parts.backend.barrier());
      this.#waiting = [...innocent, ...this.#waiting];
    } catch (thrown) {
      for (const { reject } of innocent) reject(thrown);
    }
  }
}

function isSame(left: Condition | RangeCondition, right: Condition | RangeCondition): boolean {
  if (left.table !== right.table) return false;
  if ('keyPrefix' in left) return 'keyPrefix' in right && left.keyPrefix === right.keyPrefix;
  return !('keyPrefix' in right) && left.key === right.key;
}
