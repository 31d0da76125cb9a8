import { existsSync } from 'node:fs';
import { AppError, type Clock, systemClock } from '../../../core/index.js';
import type { Backend, BackendTransaction, CommitOutcome, StoredRecord, Submission, WatchEvent } from '../backend.js';
import { CommitFeed } from '../commit-feed.js';
import { failedCondition } from '../conditions.js';
import { type DataDirectory, openDataDirectory } from './data-directory.js';
import { type KeyValueDatabase, type OpenDatabase, openLevelDatabase } from './key-value-database.js';
import { CHECKPOINT, type ChainPoint, EMPTY_CHAIN, PROBE, TIP, encodePoint, logKey } from './layout.js';
import { Ledger, type PreparedCommit } from './ledger.js';
import { cannotOpen, damaged, refusedWrite } from './errors.js';
import { loadState, readCommitsAfter } from './load.js';
import { Witness } from './witness.js';

/** Commits that share one promise; a batch is several such groups. */
const GROUP_COMMITS = 16;
const BATCH_GROUPS = 64;
const COMMITS_PER_CHECKPOINT = 4096;
const FIRST_RECOVERY_MS = 250;
const MAXIMUM_RECOVERY_MS = 5000;

export interface EmbeddedBackendOptions {
  /** Folder of the data; made when it does not exist. */
  readonly path: string;
  readonly clock?: Clock;
  /** How the database is opened; tests give one that fails. */
  readonly openDatabase?: OpenDatabase;
  readonly commitsPerCheckpoint?: number;
}

/**
 * The durable engine of a single server, on LevelDB: all commits that are accepted while one group is written make the next
 * group, one synced batch. `open` verifies the data and refuses damaged, foreign or newer data with AppError('corruptState').
 * When the disk refuses a group, the group and everything accepted after it is discarded; writes fail with
 * AppError('unavailable') until the database could be opened again, which is tried by itself.
 */
export function createEmbeddedBackend(options: EmbeddedBackendOptions): Backend {
  return new EmbeddedBackend(options);
}

interface Group {
  readonly commits: PreparedCommit[];
  readonly written: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

/** What exists while the engine is open. */
interface Opened {
  readonly directory: DataDirectory;
  readonly witness: Witness;
  readonly ledger: Ledger;
  readonly feed: CommitFeed;
  database: KeyValueDatabase;
  durable: ChainPoint;
  checkpoint: ChainPoint;
  /** The records found at open, until the first list takes them or a commit makes them old. */
  records: readonly StoredRecord[] | undefined;
}

class EmbeddedBackend implements Backend {
  readonly name = 'embedded';
  readonly #options: EmbeddedBackendOptions;
  readonly #clock: Clock;
  readonly #openDatabase: OpenDatabase;
  #opened: Opened | undefined;
  readonly #queue: Group[] = [];
  #betweenGroups: (() => void)[] = [];
  #writing: Promise<void> | undefined;
  /** Why no writes are taken; undefined = they are. */
  #refusal: AppError | undefined = new AppError('unavailable', 'The store is not open: start the agent again.');
  #closing = false;
  #cancelRecovery: () => void = () => undefined;
  #recovering: Promise<void> = Promise.resolve();

  constructor(options: EmbeddedBackendOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#openDatabase = options.openDatabase ?? openLevelDatabase;
  }

  async open(): Promise<void> {
    this.#closing = false;
    const directory = await openDataDirectory(this.#options.path);
    const witness = openWitness(directory, this.#clock);
    const known = witness.read();
    const hasData = known !== undefined && known.revision > EMPTY_CHAIN.revision;
    try {
      if (hasData && !existsSync(directory.database))
        throw damaged(directory.database, new Error('the folder is missing'));
      const database = await this.#openOrExplain(directory, !hasData);
      try {
        const { tip, checkpoint, records } = await loadState(database, directory.database, known);
        const ledger = new Ledger(tip, records);
        const listed = records.map(({ record }) => record);
        const feed = new CommitFeed(tip.revision);
        this.#opened = { directory, witness, ledger, feed, database, durable: tip, checkpoint, records: listed };
      } catch (thrown) {
        await database.close();
        throw thrown;
      }
    } catch (thrown) {
      witness.close();
      throw thrown;
    }
    witness.write(this.#opened.durable);
    this.#refusal = undefined;
  }

  async list(): Promise<{ revision: number; records: readonly StoredRecord[] }> {
    const opened = this.#open();
    const { records } = opened;
    opened.records = undefined;
    if (records) return { revision: opened.durable.revision, records };
    const snapshot = await this.#snapshotBetweenGroups(opened);
    try {
      const loaded = await loadState(snapshot, opened.directory.database, undefined);
      return { revision: loaded.tip.revision, records: loaded.records.map(({ record }) => record) };
    } finally {
      await snapshot.close();
    }
  }

  async commit(transaction: BackendTransaction): Promise<CommitOutcome> {
    const submission = this.submit(transaction);
    if (!submission.ok) return submission;
    await submission.durable;
    return { ok: true, revision: submission.revision };
  }

  submit(transaction: BackendTransaction): Submission {
    const { ledger } = this.#open();
    if (this.#refusal) throw this.#refusal;
    const conflict = failedCondition(transaction.conditions, ledger);
    if (conflict) return { ok: false, conflict };
    const prepared = ledger.accept(transaction);
    const group = this.#openGroup();
    group.commits.push(prepared);
    this.#writing ??= Promise.resolve().then(() => this.#writeGroups());
    return { ok: true, revision: prepared.point.revision, durable: group.written };
  }

  watch(afterRevision: number, onEvent: (event: WatchEvent) => void): () => void {
    return this.#open().feed.watch(afterRevision, onEvent);
  }

  async barrier(): Promise<number> {
    return this.#open().durable.revision;
  }

  newestRevision(): number | undefined {
    return this.#opened?.durable.revision;
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    if (!opened) return;
    this.#refusal = new AppError('unavailable', 'The store is closed: start the agent again.');
    this.#closing = true;
    this.#cancelRecovery();
    await this.#writing;
    await this.#recovering;
    this.#opened = undefined;
    opened.feed.close();
    opened.witness.close();
    await opened.database.close();
  }

  #open(): Opened {
    if (!this.#opened) throw this.#refusal ?? new AppError('internal', 'The store is not open.');
    return this.#opened;
  }

  /** What has just been published, no more and no less. */
  #snapshotBetweenGroups({ database }: Opened): Promise<ReturnType<KeyValueDatabase['snapshot']>> {
    if (!this.#writing) return Promise.resolve(database.snapshot());
    return new Promise((resolve) => this.#betweenGroups.push(() => resolve(database.snapshot())));
  }

  /** The group that is filled now. */
  #openGroup(): Group {
    const last = this.#queue[this.#queue.length - 1];
    if (last && last.commits.length < GROUP_COMMITS) return last;
    const group = newGroup();
    this.#queue.push(group);
    return group;
  }

  async #writeGroups(): Promise<void> {
    const opened = this.#open();
    for (let groups = this.#takeGroups(); groups.length > 0; groups = this.#takeGroups()) {
      const commits = groups.flatMap((group) => group.commits);
      try {
        await this.#write(opened, commits);
      } catch (thrown) {
        this.#fail(opened, groups, thrown);
        break;
      }
      opened.feed.publish(commits.map(({ commit }) => commit));
      for (const { resolve } of groups) resolve();
      for (const task of this.#betweenGroups.splice(0)) task();
    }
    this.#writing = undefined;
    for (const task of this.#betweenGroups.splice(0)) task();
  }

  /** Half of what waits: while it is written, those answered before prepare their next writes, so disk and processor overlap. */
  #takeGroups(): readonly Group[] {
    return this.#queue.splice(0, Math.min(BATCH_GROUPS, Math.ceil(this.#queue.length / 2)));
  }

  async #write(opened: Opened, commits: readonly PreparedCommit[]): Promise<void> {
    const { point } = commits[commits.length - 1] as PreparedCommit;
    const operations = commits.flatMap((prepared) => prepared.operations);
    operations.push({ type: 'put', key: TIP, value: encodePoint(point) });
    const interval = this.#options.commitsPerCheckpoint ?? COMMITS_PER_CHECKPOINT;
    const checkpoint = point.revision - opened.checkpoint.revision >= interval ? point : undefined;
    if (checkpoint) operations.push({ type: 'put', key: CHECKPOINT, value: encodePoint(checkpoint) });
    await opened.database.write(operations);
    opened.durable = point;
    opened.records = undefined;
    opened.witness.write(point);
    if (!checkpoint) return;
    opened.checkpoint = checkpoint;
    // Left-over log entries harm nothing; the next checkpoint removes them.
    opened.database.clear(logKey(0), logKey(checkpoint.revision + 1)).catch(() => undefined);
  }

  /** Nobody knows whether a failed group is on the disk: forget it and what was evaluated on it, and open the database anew. */
  #fail(opened: Opened, groups: readonly Group[], thrown: unknown): void {
    const error = refusedWrite(opened.directory.path, thrown);
    const discarded = [...groups, ...this.#queue.splice(0)];
    this.#refusal = error;
    opened.ledger.undo(discarded.flatMap(({ commits }) => commits));
    opened.feed.discard();
    for (const { reject } of discarded) reject(error);
    this.#recoverLater(opened, FIRST_RECOVERY_MS);
  }

  #recoverLater(opened: Opened, delayMs: number): void {
    this.#cancelRecovery = this.#clock.after(delayMs, () => {
      this.#recovering = this.#recover(opened).catch((thrown: unknown) => {
        if (thrown instanceof AppError) this.#refusal = thrown;
        if (!this.#closing) this.#recoverLater(opened, Math.min(MAXIMUM_RECOVERY_MS, delayMs * 2));
      });
    });
  }

  /** Opens the database anew, takes over what the failed group left on the disk, and tries a write. */
  async #recover(opened: Opened): Promise<void> {
    await opened.database.close();
    opened.database = await this.#openDatabase(opened.directory.database, false);
    const { tip, commits } = await readCommitsAfter(opened.database, opened.directory.database, opened.durable);
    await opened.database.write([{ type: 'put', key: PROBE, value: String(tip.revision) }]);
    for (const commit of commits) opened.ledger.adopt(commit);
    opened.durable = tip;
    opened.feed.publish(commits);
    this.#refusal = undefined;
  }

  async #openOrExplain(directory: DataDirectory, create: boolean): Promise<KeyValueDatabase> {
    try {
      return await this.#openDatabase(directory.database, create);
    } catch (thrown) {
      if (/Corruption|does not exist/.test((thrown as Error).message)) throw damaged(directory.database, thrown);
      throw cannotOpen(directory.path, thrown);
    }
  }
}

function newGroup(): Group {
  let resolve: () => void = () => undefined;
  let reject: (error: AppError) => void = () => undefined;
  const written = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  written.catch(() => undefined);
  return { commits: [], written, resolve, reject };
}

function openWitness(directory: DataDirectory, clock: Clock): Witness {
  try {
    return new Witness(directory.witness, clock);
  } catch (thrown) {
    throw cannotOpen(directory.path, thrown);
  }
}
