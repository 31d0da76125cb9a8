import { AppError, type Clock, pauseOn, systemClock } from '../../../core/index.js';
import type { TableName } from '../../../model/index.js';
import { Fingerprint } from '../../fingerprint.js';
import type {
  Backend,
  BackendTransaction,
  CommitOutcome,
  EngineFingerprint,
  EngineListing,
  StoredRecord,
  WatchEvent,
} from '../backend.js';
import { Bundles } from './bundles.js';
import {
  appErrorOf,
  EtcdClient,
  type EtcdConnection,
  EtcdError,
  MemberBehind,
  type TxnRequest,
} from './client/index.js';
import { startCompaction } from './compaction.js';
import { EtcdLiveArea } from './etcd-live-area.js';
import { FEED_TIMES, Feed, type FeedTimes } from './feed.js';
import { Fence } from './fence.js';
import { type BundlePointer, Layout } from './layout.js';
import { History } from './history.js';
import { BundleOnItsWay, type Listing, listEverything, notOlder } from './list.js';
import { checkEtcd } from './start-checks.js';
import { RememberedCluster } from './remembered-cluster.js';
import {
  comparesOf,
  CONDITIONS_PER_TRANSACTION,
  fits,
  type Guard,
  guarded,
  refusalOf,
  requestOp,
} from './transaction.js';
import { startTidying } from './tidy-unfolded.js';
import { UnfoldedBundles } from './unfolded.js';

const WRITE_BUDGET_MS = 12_000;
const PAUSE_MS = 100;
/** How long the writer of a large transaction is left alone before others unfold it. */
const OTHERS_TURN_MS = 300;
const STAGED_FOR_MS = 60 * 60_000;
const LAST_EVENTS_MS = 500;
const COMPACT_EVERY_MS = 5 * 60_000;
const TIDY_EVERY_MS = 60 * 60_000;

export interface EtcdBackendOptions {
  readonly connection: EtcdConnection;
  /** All our keys begin with it and a slash. */
  readonly prefix: string;
  /** Whose state it is: that of another is refused; absent = of any. */
  readonly datacenter?: string;
  /** A name for this server that no other has; letters, digits and dashes. */
  readonly server: string;
  readonly clock?: Clock;
  /** Take an etcd older than 3.5.6. */
  readonly allowOldEtcd?: boolean;
  /** At least this much history stays; 0 = never compact. */
  readonly compactEveryMs?: number;
  /** File in which the server keeps which cluster its state was in; without it only the running process knows. */
  readonly clusterFile?: string;
  readonly times?: Partial<FeedTimes>;
  /** How long this server is believed to live without a sign of it, and a clock that never jumps (ms); for tests. */
  readonly live?: { readonly leaseSeconds?: number; readonly monotonicMs?: () => number };
  /** Told of what has no caller. */
  readonly onProblem?: (error: AppError) => void;
}

/**
 * The engine of several servers: records are keys of an etcd cluster, seen by all servers through one watch each. `open` refuses
 * an etcd that is too old, full, foreign or not there. Writes fail with AppError('unavailable') while etcd has no quorum or no
 * space; when an answer is lost, the engine finds out what became of the transaction, or says that nobody knows.
 */
export function createEtcdBackend(options: EtcdBackendOptions): Backend {
  return new EtcdBackend(options);
}

type Sent =
  | { readonly type: 'done'; readonly outcome: CommitOutcome }
  | { readonly type: 'again'; readonly error?: AppError };

class EtcdBackend implements Backend {
  readonly name = 'etcd';
  readonly maximumConditions = Math.floor(CONDITIONS_PER_TRANSACTION / 2);
  readonly live: EtcdLiveArea;
  readonly #options: EtcdBackendOptions;
  readonly #clock: Clock;
  readonly #client: EtcdClient;
  readonly #layout: Layout;
  readonly #unfolded = new UnfoldedBundles();
  readonly #bundles: Bundles;
  readonly #fence: Fence;
  readonly #history: History;
  /** Counts restored copies: what was evaluated before one is not written after it. */
  #epoch = 0;
  /** The state of this history is not yet loaded by who evaluates transactions. */
  #isLoading = false;
  #goingBack: Promise<AppError> | undefined;
  readonly #feeds = new Set<Feed>();
  readonly #writes = new Set<Promise<unknown>>();
  readonly #run: string;
  #stopCompaction: () => void = () => undefined;
  #stopTidying: () => void = () => undefined;
  /** The newest revision that any answer named. */
  #revision = 1;
  /** The newest transaction of ours that is known. */
  #tip = 0;
  #listed: Listing | undefined;
  #transactions = 0;
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor(options: EtcdBackendOptions) {
    const clock = options.clock ?? systemClock;
    const parts = { now: () => clock.now(), pause: (delayMs: number) => pauseOn(clock, delayMs) };
    this.#options = options;
    this.#clock = clock;
    this.#layout = new Layout(options.prefix);
    this.#client = new EtcdClient(options.connection, parts);
    this.#bundles = new Bundles(this.#client, this.#layout, this.#unfolded);
    this.#fence = new Fence({ client: this.#client, layout: this.#layout, server: options.server, ...parts });
    this.#history = new History(this.#client, this.#layout, this.#fence);
    this.live = new EtcdLiveArea({
      client: this.#client,
      layout: this.#layout,
      clock,
      ...options.live,
      onProblem: (error) => this.#problem(error),
    });
    this.#run = `${options.server}.${clock.now().toString(36)}`;
  }

  async open(): Promise<void> {
    const { allowOldEtcd = false, compactEveryMs = COMPACT_EVERY_MS, clusterFile, datacenter } = this.#options;
    const remembered = clusterFile === undefined ? undefined : new RememberedCluster(clusterFile);
    const onCluster = (id: string): void => remembered?.check(id);
    const whose = datacenter === undefined ? {} : { datacenter };
    const parts = { client: this.#client, layout: this.#layout, clock: this.#clock, ...whose };
    const pause = (delayMs: number): Promise<void> => pauseOn(this.#clock, delayMs);
    try {
      await checkEtcd({ ...parts, allowOldEtcd, pause, onCluster, onProblem: (error) => this.#problem(error) });
      this.#saw(await this.#fence.raise());
      remembered?.remember(this.#client.clusterId as string);
    } catch (thrown) {
      this.#client.close();
      throw appErrorOf(thrown);
    }
    this.#state = 'open';
    this.#stopCompaction = startCompaction(this.#client, this.#layout, this.#clock, compactEveryMs, (thrown) =>
      this.#problem(thrown),
    );
    this.#stopTidying = startTidying(this.#client, this.#layout, this.#clock, TIDY_EVERY_MS, (thrown) =>
      this.#problem(thrown),
    );
    this.#bundles.removeOld(this.#clock.now() - STAGED_FOR_MS).catch((thrown: unknown) => this.#problem(thrown));
  }

  async list(): Promise<EngineListing> {
    let records: StoredRecord[] = [];
    this.#listed = await this.#readAll({
      restart: () => {
        records = [];
      },
      record: (record) => records.push(record),
    });
    const { revision, history } = this.#listed;
    this.#history.adopt(history);
    return { revision, records, history };
  }

  async fingerprint(isCounted: (table: TableName) => boolean): Promise<EngineFingerprint> {
    let fingerprint = new Fingerprint();
    const { revision, tipRevision } = await this.#readAll({
      restart: () => {
        fingerprint = new Fingerprint();
      },
      record: (record) => {
        if (isCounted(record.table)) fingerprint.add(record);
      },
    });
    return { revision, lastCommit: tipRevision, value: fingerprint.value };
  }

  commit(transaction: BackendTransaction): Promise<CommitOutcome> {
    const write = this.#commit(transaction).catch((thrown: unknown) => {
      throw appErrorOf(thrown);
    });
    this.#writes.add(write);
    const forget = (): void => void this.#writes.delete(write);
    write.then(forget, forget);
    return write;
  }

  watch(afterRevision: number, onEvent: (event: WatchEvent) => void): () => void {
    this.#open();
    const parts = {
      client: this.#client,
      layout: this.#layout,
      unfolded: this.#unfolded,
      clock: this.#clock,
      times: { ...FEED_TIMES, ...this.#options.times },
      readBundle: (revision: number, pointer: BundlePointer) => this.#bundles.read(revision, pointer),
      readTip: () => this.barrier(),
      isOtherHistory: () => this.#isOtherHistory(),
      onProblem: (error: AppError) => this.#problem(error),
    };
    this.#isLoading = false;
    const tipVersion = this.#listed?.revision === afterRevision ? this.#listed.tipVersion : undefined;
    const feed = new Feed(parts, afterRevision, tipVersion, onEvent);
    this.#feeds.add(feed);
    return () => {
      feed.stop();
      this.#feeds.delete(feed);
    };
  }

  async barrier(): Promise<number> {
    this.#open();
    try {
      const { header, kvs } = await this.#client.range({ key: this.#layout.tip }, notOlder(this.#revision));
      this.#saw(Number(header.revision));
      this.#wrote(Number(kvs[0]?.mod_revision ?? 0));
      return Math.max(1, Number(kvs[0]?.mod_revision ?? 0));
    } catch (thrown) {
      throw await this.#behindOr(thrown);
    }
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    this.#stopCompaction();
    this.#stopTidying();
    await this.live.close();
    await Promise.allSettled(this.#writes);
    if (wasOpen) await this.#lastEvents();
    for (const feed of this.#feeds) feed.stop();
    this.#client.close();
  }

  async #commit(transaction: BackendTransaction): Promise<CommitOutcome> {
    this.#open();
    const until = this.#clock.now() + WRITE_BUDGET_MS;
    const epoch = this.#epoch;
    if (this.#isLoading && transaction.whileLoading !== true) throw restored();
    let pointer: BundlePointer | undefined;
    for (;;) {
      const compares = comparesOf(this.#layout, this.#unfolded, transaction.conditions);
      const isSmall = fits(this.#layout, compares, transaction.operations);
      if (!isSmall) pointer ??= await this.#bundles.stage(this.#stagingId(), transaction.operations);
      const decision = pointer && this.#bundles.decision(pointer);
      const guard = { fence: this.#fence.guard, tip: this.#tip, duty: transaction.fence };
      const id = `${this.#run}.${++this.#transactions}`;
      const request = decision
        ? guarded(this.#layout, guard, [...compares, decision.compare], [decision.operation], id)
        : guarded(
            this.#layout,
            guard,
            compares,
            transaction.operations.map((each) => requestOp(this.#layout, each)),
            id,
          );
      const sent = await this.#send(request, id, guard, transaction);
      if (sent.type === 'done') {
        if (pointer) this.#afterDecision(pointer, sent.outcome);
        return sent.outcome;
      }
      if (epoch !== this.#epoch) throw restored();
      if (this.#clock.now() >= until) {
        if (pointer) void this.#bundles.discard(pointer.id);
        throw sent.error ?? new AppError('busy', 'A large transaction is being stored: try again in a moment.');
      }
      if (sent.error) await pauseOn(this.#clock, PAUSE_MS);
    }
  }

  /** Sends a transaction once and finds out what became of it. Throws when that is final. */
  async #send(request: TxnRequest, id: string, guard: Guard, { conditions }: BackendTransaction): Promise<Sent> {
    const since = this.#revision;
    try {
      const answer = await this.#client.txn(request);
      const revision = Number(answer.header.revision);
      this.#saw(revision);
      if (answer.succeeded && revision <= since) {
        await this.#wentBack();
        throw unknownOutcome();
      }
      if (answer.succeeded) return this.#applied(revision);
      const refusal = refusalOf(answer, guard, this.#layout, this.#unfolded, conditions);
      if (refusal.type === 'conflict') return { type: 'done', outcome: { ok: false, conflict: refusal.conflict } };
      if (refusal.type === 'duty') throw dutyLost();
      if (refusal.type === 'history') throw await this.#wentBack();
      if (refusal.type === 'fence') this.#fence.adopt(refusal.revision);
      else await this.#finishBundle();
      return { type: 'again' };
    } catch (thrown) {
      if (!(thrown instanceof EtcdError)) throw thrown;
      if (thrown.changedNothing && !thrown.isOfEndpoint) throw thrown;
      if (thrown.changedNothing) return { type: 'again', error: thrown.toAppError() };
      const outcome = await this.#fence.outcomeOf(id, since);
      if (typeof outcome === 'number') return this.#applied(outcome);
      if (outcome === 'not applied') return { type: 'again', error: thrown.toAppError() };
      if (outcome === 'other history') await this.#wentBack();
      throw unknownOutcome(thrown);
    }
  }

  #applied(revision: number): Sent {
    this.#wrote(revision);
    return { type: 'done', outcome: { ok: true, revision } };
  }

  #afterDecision(pointer: BundlePointer, outcome: CommitOutcome): void {
    const after = outcome.ok ? this.#bundles.finish() : this.#bundles.discard(pointer.id);
    const unfolding = after.catch((thrown: unknown) => this.#problem(thrown));
    this.#writes.add(unfolding);
    void unfolding.then(() => this.#writes.delete(unfolding));
  }

  /** Waits for its writer, then does it for him. */
  async #finishBundle(): Promise<void> {
    await pauseOn(this.#clock, OTHERS_TURN_MS);
    await this.#bundles.finish();
  }

  async #readAll(on: Parameters<typeof listEverything>[4]): Promise<Listing> {
    this.#open();
    for (;;) {
      try {
        const listing = await listEverything(this.#client, this.#layout, this.#unfolded, this.#revision, on);
        this.#saw(listing.revision);
        return listing;
      } catch (thrown) {
        if (!(thrown instanceof BundleOnItsWay)) throw await this.#behindOr(thrown);
        await this.#finishBundle().catch((failure: unknown) => {
          throw appErrorOf(failure);
        });
      }
    }
  }

  /** The error for a failed read. When all members are behind what is known, a write tells whether etcd was restored. */
  async #behindOr(thrown: unknown): Promise<AppError> {
    if (!(thrown instanceof MemberBehind) || this.#state === 'closed') return appErrorOf(thrown);
    const isThere = await this.#history.holds(this.#tip, this.#revision).catch(() => true);
    return isThere ? appErrorOf(thrown) : this.#wentBack();
  }

  /** Etcd was restored from an older copy: what this server knows of revisions is forgotten, and the state is listed anew. */
  #wentBack(isNoticed = false): Promise<AppError> {
    this.#goingBack ??= this.#beginAnew(isNoticed).finally(() => {
      this.#goingBack = undefined;
    });
    return this.#goingBack;
  }

  /** Whether another server has noticed that etcd was restored. */
  async #isOtherHistory(): Promise<boolean> {
    const isOther = await this.#history.isOther();
    if (isOther) await this.#wentBack(true);
    return isOther;
  }

  async #beginAnew(isNoticed: boolean): Promise<AppError> {
    const error = restored();
    try {
      this.#epoch += 1;
      this.#isLoading = true;
      if (!isNoticed) await this.#history.change();
      [this.#revision, this.#tip] = [1, 0];
      this.#unfolded.clear();
      this.#fence.forget();
      this.#saw(await this.#fence.raise());
      this.#problem(error);
      for (const feed of this.#feeds) feed.giveUp('etcd was restored from an older copy');
      return error;
    } catch (thrown) {
      return appErrorOf(thrown);
    }
  }

  /** Events of what was written until now still reach the watches. */
  async #lastEvents(): Promise<void> {
    for (let waitedMs = 0; waitedMs < LAST_EVENTS_MS; waitedMs += 10) {
      if ([...this.#feeds].every((feed) => feed.isStopped || feed.last >= this.#tip)) return;
      await pauseOn(this.#clock, 10);
    }
  }

  #stagingId(): string {
    return `${this.#clock.now().toString(36)}.${this.#run}.${this.#transactions}`;
  }

  #saw(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  #wrote(revision: number): void {
    this.#tip = Math.max(this.#tip, revision);
    for (const feed of this.#feeds) feed.expect(revision);
  }

  #open(): void {
    if (this.#state === 'open') return;
    throw new AppError('unavailable', 'The store is not open: start the agent again.');
  }

  #problem(thrown: unknown): void {
    if (this.#state !== 'closed') this.#options.onProblem?.(appErrorOf(thrown));
  }
}

const restored = (): AppError =>
  new AppError('unavailable', 'etcd was restored from an older copy: the state is read anew; try again in a moment.');

const unknownOutcome = (cause?: unknown): AppError =>
  new AppError(
    'unavailable',
    'It is not known whether the write was stored, because etcd does not answer: read before you send it again.',
    { cause },
  );

const dutyLost = (): AppError =>
  new AppError('conflict', 'This server does not have the duty any more: another one does what is left to do.');
