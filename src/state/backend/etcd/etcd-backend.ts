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
import { appErrorOf, EtcdClient, type EtcdConnection, MemberBehind } from './client/index.js';
import { Commits } from './commits.js';
import { startCompaction } from './compaction.js';
import { EtcdLiveArea } from './etcd-live-area.js';
import { FEED_TIMES, Feed, type FeedTimes } from './feed.js';
import { Fence } from './fence.js';
import { History } from './history.js';
import { type BundlePointer, Layout } from './layout.js';
import { BundleOnItsWay, type Listing, listEverything } from './list.js';
import { RememberedCluster } from './remembered-cluster.js';
import { checkEtcd } from './start-checks.js';
import { startTidying } from './tidy-unfolded.js';
import { CONDITIONS_PER_TRANSACTION } from './transaction.js';
import { UnfoldedBundles } from './unfolded.js';

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
  readonly #commits: Commits;
  readonly #feeds = new Set<Feed>();
  #stopCompaction: () => void = () => undefined;
  #stopTidying: () => void = () => undefined;
  #listed: Listing | undefined;
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor(options: EtcdBackendOptions) {
    const { clock = systemClock, connection, prefix, server } = options;
    const times = { now: () => clock.now(), pause: (delayMs: number) => pauseOn(clock, delayMs) };
    const layout = new Layout(prefix);
    const onWentBack = (): void => {
      if (this.#state === 'open') void this.#history.wentBack();
    };
    const onProblem = (thrown: unknown): void => this.#problem(thrown);
    const client = new EtcdClient(connection, { ...times, onWentBack });
    const bundles = new Bundles(client, layout, this.#unfolded);
    const fence = new Fence({ client, layout, server, ...times });
    const onRestored = (error: AppError): void => this.#onRestored(error);
    const history = new History({ client, layout, fence, onRestored, onProblem });
    this.#options = options;
    [this.#clock, this.#layout, this.#client] = [clock, layout, client];
    [this.#bundles, this.#fence, this.#history] = [bundles, fence, history];
    this.#commits = new Commits({
      ...{ client, layout, clock, server, bundles, fence, history, onProblem },
      unfolded: this.#unfolded,
      onWrote: (revision) => this.#wrote(revision),
    });
    this.live = new EtcdLiveArea({ client, layout, clock, ...options.live, onProblem });
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
      await this.#fence.raise();
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

  async commit(transaction: BackendTransaction): Promise<CommitOutcome> {
    this.#open();
    return this.#commits.commit(transaction);
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
      isOtherHistory: () => this.#history.isOther(),
      onProblem: (error: AppError) => this.#problem(error),
    };
    this.#history.followed();
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
      const { kvs } = await this.#client.range({ key: this.#layout.tip });
      const tip = Number(kvs[0]?.mod_revision ?? 0);
      this.#wrote(tip);
      return Math.max(1, tip);
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
    await this.#commits.settled();
    if (wasOpen) await this.#lastEvents();
    for (const feed of this.#feeds) feed.stop();
    this.#client.close();
  }

  async #readAll(on: Parameters<typeof listEverything>[3]): Promise<Listing> {
    this.#open();
    for (;;) {
      try {
        return await listEverything(this.#client, this.#layout, this.#unfolded, on);
      } catch (thrown) {
        if (!(thrown instanceof BundleOnItsWay)) throw await this.#behindOr(thrown);
        await this.#commits.finishBundle().catch((failure: unknown) => {
          throw appErrorOf(failure);
        });
      }
    }
  }

  /** The error for a failed read. When all members are behind what is known, a write tells whether etcd was restored. */
  async #behindOr(thrown: unknown): Promise<AppError> {
    if (!(thrown instanceof MemberBehind) || this.#state === 'closed') return appErrorOf(thrown);
    const isThere = await this.#history.holds().catch(() => true);
    return isThere ? appErrorOf(thrown) : this.#history.wentBack();
  }

  #onRestored(error: AppError): void {
    this.#unfolded.clear();
    this.#problem(error);
    for (const feed of this.#feeds) feed.giveUp('etcd was restored from an older copy');
  }

  /** Events of what was written until now still reach the watches. */
  async #lastEvents(): Promise<void> {
    for (let waitedMs = 0; waitedMs < LAST_EVENTS_MS; waitedMs += 10) {
      if ([...this.#feeds].every((feed) => feed.isStopped || feed.last >= this.#history.tip)) return;
      await pauseOn(this.#clock, 10);
    }
  }

  #wrote(revision: number): void {
    this.#history.wrote(revision);
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
