import { AppError, backOffMs, type Clock } from '../core/index.js';
import { backupName } from './backup-name.js';
import type { BackupPlace } from './backup-place.js';
import { takeBackup, type BackupWish, type TakenBackup } from './take-backup.js';

/** What has become of the backups, as far as this process knows. */
export interface BackupState {
  /** The newest whole backup, also one that was taken before this process began. */
  readonly newest?: { readonly name: string; readonly atMs: number; readonly sizeBytes: number };
  /** Why the last attempt failed; absent after one that did not. */
  readonly failure?: { readonly atMs: number; readonly message: string };
  /** Since this process began. */
  readonly taken: number;
  readonly failures: number;
}

export interface BackupKeeperOptions {
  readonly place: BackupPlace;
  readonly intervalMs: number;
  readonly retain: number;
  readonly source: BackupWish['source'];
  readonly clock: Clock;
  readonly onTaken: (backup: TakenBackup) => void;
  /** `failuresInRow` begins with 1. */
  readonly onFailure: (message: string, failuresInRow: number) => void;
  /** Told whenever the state changes. */
  readonly onState: (state: BackupState) => void;
}

const FIRST_RETRY_MS = 60_000;

/**
 * Takes a backup whenever the newest one in the place is as old as the interval, whoever took it: a restart or another server
 * that takes over does not begin anew. After a failure it is tried again after a minute, then later and later up to the interval.
 * Never throws. Returns the function that stops it; what is under way ends first.
 */
export function keepBackups(options: BackupKeeperOptions): () => Promise<void> {
  const keeper = new BackupKeeper(options);
  return () => keeper.close();
}

class BackupKeeper {
  readonly #options: BackupKeeperOptions;
  #state: BackupState = { taken: 0, failures: 0 };
  #failuresInRow = 0;
  #cancel: () => void = () => undefined;
  #running: Promise<void>;
  #isClosed = false;

  constructor(options: BackupKeeperOptions) {
    this.#options = options;
    this.#running = this.#turn();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    return this.#running;
  }

  async #turn(): Promise<void> {
    const { clock, intervalMs } = this.#options;
    let waitMs = intervalMs;
    try {
      // Asked before each one: somebody else may have taken one meanwhile.
      const newest = (await this.#options.place.list()).at(-1);
      if (newest) this.#tell({ ...this.#state, newest });
      const dueMs = newest ? newest.atMs + intervalMs - clock.now() : 0;
      // A backup from the future was named by a clock that was wrong.
      if (dueMs > 0 && dueMs <= intervalMs) waitMs = dueMs;
      else if (!this.#isClosed) await this.#take();
      this.#failuresInRow = 0;
    } catch (thrown) {
      waitMs = this.#failed(AppError.from(thrown).message);
    }
    if (this.#isClosed) return;
    this.#cancel = clock.after(waitMs, () => {
      this.#running = this.#turn();
    });
  }

  async #take(): Promise<void> {
    const { clock, onTaken, ...wish } = this.#options;
    const atMs = clock.now();
    const backup = await takeBackup({ ...wish, name: backupName(atMs) });
    const { name, sizeBytes } = backup;
    const { failures, taken } = this.#state;
    this.#tell({ newest: { name, atMs, sizeBytes }, taken: taken + 1, failures });
    onTaken(backup);
  }

  /** How long to wait for the next attempt. */
  #failed(message: string): number {
    const { clock, intervalMs, onFailure } = this.#options;
    // What was under way when the work ended is no fault of the place.
    if (this.#isClosed) return 0;
    this.#failuresInRow += 1;
    this.#tell({ ...this.#state, failure: { atMs: clock.now(), message }, failures: this.#state.failures + 1 });
    onFailure(message, this.#failuresInRow);
    return backOffMs(this.#failuresInRow, { firstMs: FIRST_RETRY_MS, longestMs: intervalMs });
  }

  #tell(state: BackupState): void {
    this.#state = state;
    if (!this.#isClosed) this.#options.onState(state);
  }
}
