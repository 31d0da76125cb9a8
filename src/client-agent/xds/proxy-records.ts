import { createRecordFolder, type RecordFolder } from '../../agent/index.js';
import type { Clock } from '../../core/index.js';
import { ProxyRecord, type StoredProxy } from './proxy-record.js';

/** Written down together, when a proxy has not been given anything for so long. */
const SAVE_AFTER_MS = 1_000;
/** Proxies that have not been here for so long are forgotten. */
const FORGET_AFTER_MS = 72 * 60 * 60_000;
const MOST_RECORDS = 1_000;

export interface ProxyRecordsOptions {
  readonly clock: Clock;
  /** Where records survive a restart; absent = they do not. */
  readonly dataDir?: string;
  readonly warn: (message: string) => void;
}

/** What the proxies of this node have accepted last: all of it in memory, and in the data directory what is not secret. */
export class ProxyRecords {
  readonly #options: ProxyRecordsOptions;
  readonly #records = new Map<string, ProxyRecord>();
  readonly #folder: RecordFolder<ProxyRecord | StoredProxy> | undefined;
  readonly #unsaved = new Set<ProxyRecord>();
  #cancel: (() => void) | undefined;
  #saving: Promise<void> = Promise.resolve();
  #fails = false;

  constructor(options: ProxyRecordsOptions) {
    this.#options = options;
    if (options.dataDir === undefined) return;
    this.#folder = createRecordFolder(options.dataDir, 'proxies', (stored) =>
      ProxyRecord.fromStored(stored as StoredProxy),
    );
    const { values, problems } = this.#folder.load();
    for (const problem of problems) options.warn(problem);
    for (const record of values as readonly ProxyRecord[])
      if (options.clock.now() - record.seenAtMs < FORGET_AFTER_MS) this.#records.set(record.id, record);
      else this.#folder.remove(record.id);
  }

  /** The record of a proxy, which begins empty. */
  of(id: string): ProxyRecord {
    const now = this.#options.clock.now();
    const record = this.#records.get(id) ?? new ProxyRecord(id, now);
    record.seenAtMs = now;
    this.#records.delete(id);
    this.#records.set(id, record);
    for (const oldest of this.#records.keys()) {
      if (this.#records.size <= MOST_RECORDS) break;
      this.#records.delete(oldest);
      this.#folder?.remove(oldest);
    }
    return record;
  }

  /** A record has changed. */
  changed(record: ProxyRecord): void {
    if (this.#folder === undefined) return;
    this.#unsaved.add(record);
    this.#cancel?.();
    this.#cancel = this.#options.clock.after(SAVE_AFTER_MS, () => {
      this.#cancel = undefined;
      this.#saving = this.#saving.then(() => this.#saveAll());
    });
  }

  /** Resolves when everything is written down. */
  async close(): Promise<void> {
    this.#cancel?.();
    await this.#saving;
    await this.#saveAll();
  }

  async #saveAll(): Promise<void> {
    for (const record of [...this.#unsaved]) {
      this.#unsaved.delete(record);
      try {
        await this.#folder?.saveLazily(record.id, record.toStored());
        this.#fails = false;
      } catch (thrown) {
        const { code = 'unknown' } = thrown as NodeJS.ErrnoException;
        if (!this.#fails)
          this.#options.warn(`what proxies have accepted cannot be saved in the data directory: ${code}`);
        this.#fails = true;
      }
    }
  }
}
