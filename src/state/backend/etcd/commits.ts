import { AppError, type Clock, pauseOn } from '../../../core/index.js';
import type { BackendTransaction, CommitOutcome } from '../backend.js';
import type { Bundles } from './bundles.js';
import { appErrorOf, type EtcdClient, EtcdError, restored, type TxnRequest, WentBack } from './client/index.js';
import type { Fence } from './fence.js';
import type { History } from './history.js';
import type { BundlePointer, Layout } from './layout.js';
import { comparesOf, fits, type Guard, guarded, refusalOf, requestOp } from './transaction.js';
import type { UnfoldedBundles } from './unfolded.js';

const WRITE_BUDGET_MS = 12_000;
const PAUSE_MS = 100;
/** How long the writer of a large transaction is left alone before others unfold it. */
const OTHERS_TURN_MS = 300;

interface CommitsParts {
  readonly client: EtcdClient;
  readonly layout: Layout;
  readonly clock: Clock;
  readonly server: string;
  readonly unfolded: UnfoldedBundles;
  readonly bundles: Bundles;
  readonly fence: Fence;
  readonly history: History;
  /** A transaction of ours is known to have this revision. */
  readonly onWrote: (revision: number) => void;
  readonly onProblem: (thrown: unknown) => void;
}

type Sent =
  | { readonly type: 'done'; readonly outcome: CommitOutcome }
  | { readonly type: 'again'; readonly error?: AppError };

/**
 * Writes transactions, each exactly once or not at all. When an answer is lost, it finds out what became of the transaction, or says
 * that nobody knows.
 */
export class Commits {
  readonly #parts: CommitsParts;
  readonly #open = new Set<Promise<unknown>>();
  readonly #run: string;
  #transactions = 0;

  constructor(parts: CommitsParts) {
    this.#parts = parts;
    this.#run = `${parts.server}.${parts.clock.now().toString(36)}`;
  }

  /** Rejects with AppError. */
  commit(transaction: BackendTransaction): Promise<CommitOutcome> {
    const write = this.#commit(transaction).catch((thrown: unknown) => {
      throw appErrorOf(thrown);
    });
    this.#keep(write);
    return write;
  }

  /** Waits for the writer of the large transaction that is on its way, then does it for him. Throws EtcdError, AppError. */
  async finishBundle(): Promise<void> {
    await pauseOn(this.#parts.clock, OTHERS_TURN_MS);
    await this.#parts.bundles.finish();
  }

  /** Resolves when nothing is on its way any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#open);
  }

  #keep(write: Promise<unknown>): void {
    this.#open.add(write);
    const forget = (): void => void this.#open.delete(write);
    write.then(forget, forget);
  }

  async #commit(transaction: BackendTransaction): Promise<CommitOutcome> {
    const { bundles, clock, fence, history, layout, unfolded } = this.#parts;
    const until = clock.now() + WRITE_BUDGET_MS;
    const { epoch } = history;
    if (history.isLoading && transaction.whileLoading !== true) throw restored();
    let pointer: BundlePointer | undefined;
    for (;;) {
      const compares = comparesOf(layout, unfolded, transaction.conditions);
      const isSmall = fits(layout, compares, transaction.operations);
      if (!isSmall) pointer ??= await bundles.stage(this.#stagingId(), transaction.operations);
      const decision = pointer && bundles.decision(pointer);
      const guard = { fence: fence.guard, tip: history.tip, duty: transaction.fence };
      const id = `${this.#run}.${++this.#transactions}`;
      const request = decision
        ? guarded(layout, guard, [...compares, decision.compare], [decision.operation], id)
        : guarded(
            layout,
            guard,
            compares,
            transaction.operations.map((each) => requestOp(layout, each)),
            id,
          );
      const sent = await this.#send(request, id, guard, transaction);
      if (sent.type === 'done') {
        if (pointer) this.#afterDecision(pointer, sent.outcome);
        return sent.outcome;
      }
      if (epoch !== history.epoch) throw restored();
      if (clock.now() >= until) {
        if (pointer) void bundles.discard(pointer.id);
        throw sent.error ?? new AppError('busy', 'A large transaction is being stored: try again in a moment.');
      }
      if (sent.error) await pauseOn(clock, PAUSE_MS);
    }
  }

  /** Sends a transaction once and finds out what became of it. Throws when that is final. */
  async #send(request: TxnRequest, id: string, guard: Guard, { conditions }: BackendTransaction): Promise<Sent> {
    const { client, fence, history, layout, unfolded } = this.#parts;
    const since = client.revision;
    try {
      const answer = await client.txn(request);
      if (answer.succeeded) return this.#applied(Number(answer.header.revision));
      const refusal = refusalOf(answer, guard, layout, unfolded, conditions);
      if (refusal.type === 'conflict') return { type: 'done', outcome: { ok: false, conflict: refusal.conflict } };
      if (refusal.type === 'duty') throw dutyLost();
      if (refusal.type === 'history') throw await history.wentBack();
      if (refusal.type === 'fence') fence.adopt(refusal.revision);
      else await this.finishBundle();
      return { type: 'again' };
    } catch (thrown) {
      if (!(thrown instanceof EtcdError)) throw thrown;
      if (thrown instanceof WentBack) {
        const error = await history.wentBack();
        throw thrown.hasSucceeded ? unknownOutcome(thrown) : error;
      }
      if (thrown.changedNothing && !thrown.isOfEndpoint) throw thrown;
      if (thrown.changedNothing) return { type: 'again', error: thrown.toAppError() };
      const outcome = await fence.outcomeOf(id, since);
      if (typeof outcome === 'number') return this.#applied(outcome);
      if (outcome === 'not applied') return { type: 'again', error: thrown.toAppError() };
      if (outcome === 'other history') await history.wentBack();
      throw unknownOutcome(thrown);
    }
  }

  #applied(revision: number): Sent {
    this.#parts.onWrote(revision);
    return { type: 'done', outcome: { ok: true, revision } };
  }

  #afterDecision(pointer: BundlePointer, outcome: CommitOutcome): void {
    const { bundles, onProblem } = this.#parts;
    this.#keep((outcome.ok ? bundles.finish() : bundles.discard(pointer.id)).catch(onProblem));
  }

  #stagingId(): string {
    return `${this.#parts.clock.now().toString(36)}.${this.#run}.${this.#transactions}`;
  }
}

const unknownOutcome = (cause?: unknown): AppError =>
  new AppError(
    'unavailable',
    'It is not known whether the write was stored, because etcd does not answer: read before you send it again.',
    { cause },
  );

const dutyLost = (): AppError =>
  new AppError('conflict', 'This server does not have the duty any more: another one does what is left to do.');
