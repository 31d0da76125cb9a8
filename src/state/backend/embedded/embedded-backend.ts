import { AppError, backOffMs, type Clock, nextTurn, systemClock } from '../../../core/index.js';
import type {
  Backend,
  BackendTransaction,
  CommitOutcome,
  EngineListing,
  StoredRecord,
  Submission,
  WatchEvent,
} from '../backend.js';
import { CommitFeed } from '../commit-feed.js';
import { failedCondition } from '../conditions.js';
import type { ChainPoint } from './chain.js';
import { type Disk, systemDisk } from './disk.js';
import { refusedWrite } from './errors.js';
import type { PreparedCommit } from './ledger.js';
import { loadStore } from './load.js';
import { LogFile } from './log-file.js';
import { type OpenedStore, openStore } from './open-store.js';
import { findFiles } from './store-files.js';

/** Commits that share one promise; one write is of several such groups. */
const GROUP_COMMITS = 16;
const WRITE_GROUPS = 256;
const MINIMUM_LOG_BYTES = 64 << 20;
const RECOVERY = { firstMs: 250, longestMs: 5000 };

export interface EmbeddedBackendOptions {
  /** Folder of the data; made when it does not exist. */
  readonly path: string;
  readonly clock?: Clock;
  /** Tests give one that fails. */
  readonly disk?: Disk;
  /** A snapshot is made when the logs have so many bytes, and as many as the last snapshot. */
  readonly minimumLogBytes?: number;
}

/**
 * The durable engine of a single server: a log that commits are appended to, and snapshots of the state. All commits that are
 * accepted in one turn of the event loop, or while others are written, go to the disk as one synced write. `open` verifies the data and refuses damaged, foreign
 * or newer data with AppError('corruptState'). When the disk refuses a group, the group and everything accepted after it is
 * discarded; writes fail with AppError('unavailable') until the disk takes writes again, which is tried by itself.
 */
export function createEmbeddedBackend(options: EmbeddedBackendOptions): Backend {
  return new EmbeddedBackend(options);
}

interface Group {
  readonly commits: PreparedCommit[];
  readonly written: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
  /** The last of its log. */
  endsLog: boolean;
}

/** What exists while the engine is open. */
interface Opened extends Omit<OpenedStore, 'records' | 'log' | 'durable'> {
  readonly feed: CommitFeed;
  log: LogFile;
  durable: ChainPoint;
  /** The records found at open, until the first list takes them or a commit makes them old. */
  records: readonly StoredRecord[] | undefined;
}

/** A commit, the log that it is in, and where it ends there. */
interface Place {
  readonly revision: number;
  readonly log: number;
  readonly end: number;
}

class EmbeddedBackend implements Backend {
  readonly name = 'embedded';
  readonly #options: EmbeddedBackendOptions;
  readonly #clock: Clock;
  readonly #disk: Disk;
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
    this.#disk = options.disk ?? systemDisk;
  }

  async open(): Promise<void> {
    this.#closing = false;
    const { path, minimumLogBytes = MINIMUM_LOG_BYTES } = this.#options;
    const store = await openStore(path, this.#disk, this.#clock, minimumLogBytes);
    this.#opened = { ...store, feed: new CommitFeed(store.durable.revision) };
    this.#refusal = undefined;
  }

  async list(): Promise<EngineListing> {
    const opened = this.#open();
    const { records } = opened;
    opened.records = undefined;
    if (records) return { revision: opened.durable.revision, records };
    const reading = async (): Promise<EngineListing> => {
      const { revision, log, end } = await this.#placeBetweenGroups(opened);
      const folder = opened.directory.path;
      const found = await findFiles(folder);
      const files = { ...found, logs: found.logs.filter((file) => file.revision <= log) };
      const loaded = await loadStore({ disk: this.#disk, folder, files, newest: undefined, end });
      return { revision, records: [...loaded.records.values()].flatMap((table) => [...table.values()]) };
    };
    return opened.feed.keepWhile(() => opened.snapshots.pause(reading));
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
    this.#writing ??= this.#writeGroups();
    return { ok: true, revision: prepared.commit.revision, durable: group.written };
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
    await opened.snapshots.close();
    opened.witness.close();
    await opened.log.close();
    await opened.lock.release();
  }

  #open(): Opened {
    if (!this.#opened) throw this.#refusal ?? new AppError('internal', 'The store is not open.');
    return this.#opened;
  }

  /** The newest commit that has been published and where it ends in the log, at a moment when nothing is written. */
  #placeBetweenGroups(opened: Opened): Promise<Place> {
    const place = (): Place => ({ revision: opened.durable.revision, log: opened.log.revision, end: opened.log.end });
    if (!this.#writing) return Promise.resolve(place());
    return new Promise((resolve) => this.#betweenGroups.push(() => resolve(place())));
  }

  /** The group that is filled now. */
  #openGroup(): Group {
    const last = this.#queue[this.#queue.length - 1];
    if (last && last.commits.length < GROUP_COMMITS && !last.endsLog) return last;
    const group = newGroup();
    this.#queue.push(group);
    return group;
  }

  async #writeGroups(): Promise<void> {
    const opened = this.#open();
    while (this.#queue.length > 0) {
      // A write costs more than most commits: what is accepted in this turn goes together.
      await nextTurn();
      const groups = this.#takeGroups();
      const commits = groups.flatMap((group) => group.commits);
      try {
        await this.#write(opened, commits);
        if (groups.at(-1)?.endsLog) await this.#beginLog(opened);
      } catch (thrown) {
        this.#fail(opened, groups, thrown);
        break;
      }
      opened.feed.publish(commits.map(({ commit }) => commit));
      for (const { resolve } of groups) resolve();
      for (const task of this.#betweenGroups.splice(0)) task();
      await this.#endLogWhenDue(opened);
    }
    this.#writing = undefined;
    for (const task of this.#betweenGroups.splice(0)) task();
  }

  /** What is written next: all that waits, but nothing after the end of a log. */
  #takeGroups(): readonly Group[] {
    const end = this.#queue.findIndex(({ endsLog }) => endsLog);
    return this.#queue.splice(0, Math.min(WRITE_GROUPS, end < 0 ? this.#queue.length : end + 1));
  }

  async #write(opened: Opened, commits: readonly PreparedCommit[]): Promise<void> {
    const { commit, records } = commits[commits.length - 1] as PreparedCommit;
    const written = commits.map((prepared) => prepared.commit);
    const hash = await opened.log.append(written, records, opened.durable.hash);
    opened.durable = { revision: commit.revision, hash };
    opened.records = undefined;
    opened.witness.write(opened.durable);
  }

  /** Begins a snapshot, when it is time for one, by ending the log behind everything that was accepted. */
  async #endLogWhenDue(opened: Opened): Promise<void> {
    if (!opened.snapshots.isDue(opened.log.end)) return;
    opened.snapshots.begin();
    const last = this.#queue[this.#queue.length - 1];
    if (last) last.endsLog = true;
    else await this.#beginLog(opened);
  }

  /** Goes on in a new log, so that a snapshot can be made of the others. If there can be none, in the same. */
  async #beginLog(opened: Opened): Promise<void> {
    const { directory, durable, log, snapshots } = opened;
    try {
      opened.log = await LogFile.create(this.#disk, directory.path, durable);
    } catch {
      snapshots.giveUp();
      return;
    }
    await log.close().catch(() => undefined);
    snapshots.make({ path: log.path, end: log.end }, durable);
  }

  /** Nobody knows whether a failed group is on the disk: forget it and what was evaluated on it, and take it off the disk. */
  #fail(opened: Opened, groups: readonly Group[], thrown: unknown): void {
    const error = refusedWrite(opened.directory.path, thrown);
    const discarded = [...groups, ...this.#queue.splice(0)];
    this.#refusal = error;
    opened.ledger.undo(discarded.flatMap(({ commits }) => commits));
    opened.snapshots.giveUp();
    opened.feed.discard();
    for (const { reject } of discarded) reject(error);
    this.#recoverLater(opened, 1);
  }

  #recoverLater(opened: Opened, attempt: number): void {
    this.#cancelRecovery = this.#clock.after(backOffMs(attempt, RECOVERY), () => {
      this.#recovering = opened.log.restore().then(
        () => {
          if (!this.#closing) this.#refusal = undefined;
        },
        () => {
          if (!this.#closing) this.#recoverLater(opened, attempt + 1);
        },
      );
    });
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
  return { commits: [], written, resolve, reject, endsLog: false };
}
