import type { Clock } from '../core/index.js';
import type { LocalAgentLogger } from './local-agent-options.js';
import { createRecordFolder, type RecordFolder } from './persistence.js';
import { readStoredState, type StoredCheckState } from './stored-registrations.js';

/** States are written down together after this time. */
const SAVE_AFTER_MS = 1_000;

export interface CheckStatesOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: LocalAgentLogger;
  /** The state of a check now; undefined = it is gone. */
  readonly stateOf: (id: string) => StoredCheckState | undefined;
}

/**
 * The last states of checks in the data directory. A state changes far more often than a definition, so it is written a moment later
 * and without waiting for the disk: after a power cut it may be a second old.
 */
export class CheckStates {
  readonly #options: CheckStatesOptions;
  readonly #folder: RecordFolder<StoredCheckState>;
  readonly #unsaved = new Set<string>();
  #saving: Promise<void> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;
  #fails = false;

  constructor(options: CheckStatesOptions) {
    this.#options = options;
    this.#folder = createRecordFolder(options.dataDir, 'check-states', readStoredState);
  }

  load(): ReturnType<RecordFolder<StoredCheckState>['load']> {
    return this.#folder.load();
  }

  /** The state of this check has changed. */
  note(id: string): void {
    this.#unsaved.add(id);
    if (this.#isClosed) return;
    this.#cancelTimer ??= this.#options.clock.after(SAVE_AFTER_MS, () => {
      this.#cancelTimer = undefined;
      this.#saving = this.#saving.then(() => this.#saveAll());
    });
  }

  forget(id: string): void {
    this.#unsaved.delete(id);
    this.#folder.remove(id);
  }

  /** Resolves when everything is written down. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    await this.#saving;
    await this.#saveAll();
  }

  async #saveAll(): Promise<void> {
    for (const id of [...this.#unsaved]) {
      this.#unsaved.delete(id);
      const state = this.#options.stateOf(id);
      if (state === undefined) continue;
      try {
        await this.#folder.saveLazily(id, state);
        this.#fails = false;
      } catch (thrown) {
        this.#warn(thrown as NodeJS.ErrnoException);
        this.note(id);
        return;
      }
      // It may have gone meanwhile.
      if (this.#options.stateOf(id) === undefined) this.#folder.remove(id);
    }
  }

  #warn({ code = 'unknown' }: NodeJS.ErrnoException): void {
    if (!this.#fails)
      this.#options.logger.warn({ code }, 'states of checks cannot be saved in the data directory; trying again');
    this.#fails = true;
  }
}
