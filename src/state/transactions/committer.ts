import { AppError, backOffMs, type Clock, pauseOn } from '../../core/index.js';
import type { AppliedRevisions } from '../applied-revisions.js';
import type { Backend, DutyFence } from '../backend/index.js';
import type { ReadListener } from '../derive/index.js';
import type { SharedBarrier } from '../shared-barrier.js';
import type { CommitResult, Transaction } from '../state-store.js';
import { type Database, MARK_FLOOR } from '../tables/index.js';
import { Footprint, KeyFootprint } from './footprint.js';
import { GroupCommitter } from './group-committer.js';
import type { PendingCommits } from './pending-commits.js';
import { TransactionView } from './transaction-view.js';

const ATTEMPTS = 10;
const BACK_OFF = { firstMs: 8, longestMs: 250 };

interface Evaluation<Result, Reads extends ReadListener> {
  readonly result: Result;
  readonly view: TransactionView;
  readonly reads: Reads;
}

interface CommitterParts {
  readonly backend: Backend;
  readonly database: Database;
  readonly applied: AppliedRevisions;
  readonly barrier: SharedBarrier;
  readonly pending: PendingCommits;
  readonly clock: Clock;
  readonly random: () => number;
  readonly counters: { conflicts: number };
}

/** Runs transactions and hands their writes to the engine, with what they read as conditions. */
export class Committer {
  readonly #parts: CommitterParts;
  /** Transactions that met a conflict go on one after another, so that writers of this process do not starve each other. */
  #lane: Promise<unknown> = Promise.resolve();
  readonly #groups: GroupCommitter;

  constructor(parts: CommitterParts) {
    const { backend, applied, database, pending, clock } = parts;
    this.#parts = parts;
    this.#groups = new GroupCommitter({
      backend,
      applied,
      state: pending.reader,
      base: () => database.base,
      now: () => clock.now(),
      conditionsOf: (footprint) => this.#conditionsOf(footprint),
    });
  }

  /** See StateStore.transact. */
  async transact<Result>(
    name: string,
    run: (transaction: Transaction) => Result,
    fence?: DutyFence,
  ): Promise<CommitResult<Result>> {
    const { backend, counters } = this.#parts;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (attempt > 1) await this.#backOff(attempt);
      if (backend.submit) {
        const submitted = this.#submit(backend, backend.submit, run);
        if (submitted) return submitted;
      } else {
        const done = await (attempt === 0 ? this.#first(run, fence) : this.#inLane(run, fence));
        if (done) return done;
      }
      counters.conflicts += 1;
    }
    throw new AppError('busy', `Too many others were changing what ${name} reads: send the request again.`);
  }

  /** Evaluates over the pending tip and submits in the same turn, so that nothing can come between. Undefined for a conflict. */
  #submit<Result>(
    backend: Backend,
    submit: NonNullable<Backend['submit']>,
    run: (transaction: Transaction) => Result,
  ): Promise<CommitResult<Result>> | undefined {
    const { applied, pending, database } = this.#parts;
    const tip = Math.max(pending.tip, applied.revision);
    const reads = new KeyFootprint(database.base);
    let evaluation: Evaluation<Result, KeyFootprint>;
    try {
      evaluation = this.#evaluate(run, tip, reads);
    } catch (thrown) {
      return applied.reached(tip).then(() => {
        throw thrown;
      });
    }
    // What waits for the disk holds no more than this of the transaction.
    const { result, view } = evaluation;
    const { operations, rows } = view.finish();
    if (operations.length === 0) return applied.reached(tip).then(() => this.#answer(result, tip));
    const submission = submit.call(backend, { conditions: reads.conditions, operations });
    if (!submission.ok) return undefined;
    const { durable, revision } = submission;
    pending.add(revision, rows);
    const answer = (): CommitResult<Result> => this.#answer(result, revision);
    // Most often it has been applied when this is told.
    return durable.then(() => (applied.revision < revision ? applied.reached(revision).then(answer) : answer()));
  }

  /** The first attempt is made together with others; what a duty fences goes by itself. */
  async #first<Result>(
    run: (transaction: Transaction) => Result,
    fence: DutyFence | undefined,
  ): Promise<CommitResult<Result> | undefined> {
    if (fence) return this.#commit(run, fence);
    const grouped = await this.#groups.commit(run);
    if (grouped === 'conflict') return undefined;
    return grouped === 'alone' ? this.#commit(run, fence) : this.#answer(grouped.result, grouped.revision);
  }

  async #commit<Result>(
    run: (transaction: Transaction) => Result,
    fence: DutyFence | undefined,
  ): Promise<CommitResult<Result> | undefined> {
    const { applied, backend } = this.#parts;
    const evaluation = await this.#evaluateShared(run);
    const { operations } = evaluation.view.finish();
    if (operations.length === 0) return this.#answer(evaluation.result, applied.revision);
    const conditions = this.#conditionsOf(evaluation.reads);
    const outcome = await backend.commit({ conditions, operations, ...(fence && { fence }) });
    if (!outcome.ok) return undefined;
    await applied.reached(outcome.revision);
    return this.#answer(evaluation.result, outcome.revision);
  }

  /** Marks tell of what left a range, until they are reaped: whoever is behind the reaper must not trust that there are none. */
  #conditionsOf(footprint: Footprint): ReturnType<Footprint['conditions']> {
    const { backend, database } = this.#parts;
    const conditions = footprint.conditions((backend.maximumConditions ?? Number.POSITIVE_INFINITY) - 1);
    const floor = database.get('system', MARK_FLOOR);
    const modRevision = floor ? floor.modifyIndex - database.base : 0;
    return [...conditions, { table: 'system', key: MARK_FLOOR, modRevision }];
  }

  #inLane<Result>(
    run: (transaction: Transaction) => Result,
    fence: DutyFence | undefined,
  ): Promise<CommitResult<Result> | undefined> {
    const { applied, backend } = this.#parts;
    const turn = this.#lane.then(async () => {
      await applied.reached(await backend.barrier());
      return this.#commit(run, fence);
    });
    this.#lane = turn.catch(() => undefined);
    return turn;
  }

  /**
   * What writes is compared with the newest state when it is committed. What is refused or writes nothing is compared by nobody: it
   * counts only if it was evaluated on all that others were told before (a check-and-set may be refused because this server is behind).
   */
  async #evaluateShared<Result>(run: (transaction: Transaction) => Result): Promise<Evaluation<Result, Footprint>> {
    const { applied, barrier } = this.#parts;
    const evaluatedAt = applied.revision;
    let first: Evaluation<Result, Footprint> | undefined;
    try {
      first = this.#evaluateNow(run);
      if (first.view.hasWrites) return first;
    } catch (thrown) {
      await barrier.wait();
      if (applied.revision === evaluatedAt) throw thrown;
    }
    if (first) await barrier.wait();
    return first && applied.revision === evaluatedAt ? first : this.#evaluateNow(run);
  }

  #evaluateNow<Result>(run: (transaction: Transaction) => Result): Evaluation<Result, Footprint> {
    const { applied, database } = this.#parts;
    return this.#evaluate(run, applied.revision, new Footprint(applied.revision, database.base));
  }

  #evaluate<Result, Reads extends ReadListener>(
    run: (transaction: Transaction) => Result,
    revision: number,
    reads: Reads,
  ): Evaluation<Result, Reads> {
    const { clock, database, pending } = this.#parts;
    const view = new TransactionView(pending.reader, revision + 1 + database.base, reads, clock.now());
    return { result: run(view), view, reads };
  }

  #answer<Result>(result: Result, revision: number): CommitResult<Result> {
    return { result, index: Math.max(1, revision + this.#parts.database.base) };
  }

  #backOff(failures: number): Promise<void> {
    const limitMs = backOffMs(failures, BACK_OFF);
    return pauseOn(this.#parts.clock, Math.ceil(this.#parts.random() * limitMs));
  }
}
