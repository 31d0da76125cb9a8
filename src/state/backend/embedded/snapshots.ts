import { type Clock, deferred } from '../../../core/index.js';
import type { ChainPoint } from './chain.js';
import type { Disk } from './disk.js';
import type { Cut, Ledger } from './ledger.js';
import { type SnapshotSource, SnapshotWriter } from './snapshot-file.js';

const RETRY_AFTER_MS = 10_000;

/** The files that hold the state up to the log that is written now. */
export interface SnapshotState {
  readonly snapshot: SnapshotSource | undefined;
  /** Logs after the snapshot that are complete, oldest first. */
  readonly finished: readonly SnapshotSource[];
}

interface SnapshotParts {
  readonly disk: Disk;
  readonly folder: string;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** No snapshot is made while the logs have less than this. */
  readonly minimumLogBytes: number;
}

/**
 * Makes a snapshot out of the last one and the logs since, when these have become as large as it is; then they are removed. Writing
 * goes on meanwhile, in a new log. A snapshot that cannot be made harms nothing: the old files stay, and it is tried again later.
 */
export class StoreSnapshots {
  readonly #parts: SnapshotParts;
  #snapshot: SnapshotSource | undefined;
  #finished: SnapshotSource[];
  #cut: Cut | undefined;
  #making: Promise<void> | undefined;
  #notBeforeMs = 0;
  #pause: Promise<void> = Promise.resolve();
  #isCancelled = false;

  constructor(parts: SnapshotParts, { snapshot, finished }: SnapshotState) {
    this.#parts = parts;
    this.#snapshot = snapshot;
    this.#finished = [...finished];
  }

  /** Whether it is time to begin a new log, so that the ones before it can be made into a snapshot. */
  isDue(logBytes: number): boolean {
    if (this.#cut || this.#isCancelled) return false;
    const { clock, minimumLogBytes } = this.#parts;
    const bytes = this.#finished.reduce((sum, { end }) => sum + end, logBytes);
    return bytes >= Math.max(minimumLogBytes, this.#snapshot?.end ?? 0) && clock.now() >= this.#notBeforeMs;
  }

  /** The state as it is accepted now is what the snapshot will hold; its newest commit. */
  begin(): number {
    this.#cut = this.#parts.ledger.beginCut();
    return this.#cut.revision;
  }

  /** What `begin` chose did not become durable, or no new log could be made. */
  giveUp(): void {
    if (!this.#cut || this.#making) return;
    this.#end();
    this.#notBeforeMs = this.#parts.clock.now() + RETRY_AFTER_MS;
  }

  /** Everything up to the cut is durable, in `log` and those before it, and nothing else is. */
  make(log: SnapshotSource, point: ChainPoint): void {
    this.#finished.push(log);
    const cut = this.#cut;
    if (!cut || this.#making) return;
    this.#making = this.#make(cut, point)
      .catch(() => {
        this.#notBeforeMs = this.#parts.clock.now() + RETRY_AFTER_MS;
      })
      .finally(() => {
        this.#making = undefined;
        this.#end();
      });
  }

  /** Runs something while no files go. */
  async pause<Result>(run: () => Promise<Result>): Promise<Result> {
    const making = this.#making;
    const over = deferred();
    this.#pause = over.promise;
    try {
      await making;
      return await run();
    } finally {
      over.resolve();
    }
  }

  async close(): Promise<void> {
    this.#isCancelled = true;
    await this.#making;
  }

  #end(): void {
    this.#parts.ledger.endCut();
    this.#cut = undefined;
  }

  async #make(cut: Cut, point: ChainPoint): Promise<void> {
    const { disk, folder } = this.#parts;
    await this.#pause;
    const sources = [...(this.#snapshot ? [this.#snapshot] : []), ...this.#finished];
    const writer = await SnapshotWriter.create(disk, folder, point);
    try {
      for (const source of sources) await writer.copy(source, cut.modRevision, () => this.#isCancelled);
      if (this.#isCancelled) return await writer.abandon();
      this.#snapshot = { path: writer.path, end: await writer.finish() };
      this.#finished = [];
    } catch (thrown) {
      await writer.abandon();
      throw thrown;
    }
    // Of no use any more; what stays is removed at the next start.
    for (const { path } of sources) await disk.remove(path);
  }
}
