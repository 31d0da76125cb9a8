import { type AppError, backOffMs, type Clock } from '../../../core/index.js';
import type { LiveEntry } from '../live-area.js';
import type { LiveWatchers } from '../live-watchers.js';
import { appErrorOf, type EtcdClient, type KeyValue, type WatchResponse, type WatchStream } from './client/index.js';

const LOOK_EVERY_MS = 4000;
const SILENCE_MS = 10_000;
/** Watches are not trusted: what is there is listed anew this often. */
const LIST_EVERY_MS = 30_000;
const BACK_OFF = { firstMs: 50, longestMs: 2000 };
const FAILURES_WORTH_TELLING = 5;

export interface LiveWatchParts {
  readonly client: EtcdClient;
  readonly clock: Clock;
  /** All keys of the area. */
  readonly range: { readonly key: Buffer; readonly range_end: Buffer };
  readonly watchers: LiveWatchers;
  readonly onProblem: (error: AppError) => void;
}

/** Follows the live area of an etcd: a list, and a watch from there; whatever is amiss with the watch, it is listed anew. */
export class LiveWatch {
  readonly #parts: LiveWatchParts;
  #stream: WatchStream | undefined;
  #round = 0;
  #failures = 0;
  #heardAtMs = 0;
  #listedAtMs = 0;
  #closed = false;
  #cancel: () => void = () => undefined;

  constructor(parts: LiveWatchParts) {
    this.#parts = parts;
    void this.#begin();
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  async #begin(): Promise<void> {
    this.#drop();
    const round = this.#round;
    const isCurrent = (): boolean => round === this.#round && !this.#closed;
    const { client, clock, range, watchers } = this.#parts;
    try {
      const { header, kvs } = await client.range(range);
      if (!isCurrent()) return;
      this.#heardAtMs = this.#listedAtMs = clock.now();
      watchers.replace(kvs.map((kv) => this.#entry(kv)));
      const request = { ...range, start_revision: Number(header.revision) + 1, progress_notify: true };
      const stream = await client.watch(client.endpoints.first, request, {
        isWanted: isCurrent,
        onAnswer: (answer) => this.#onAnswer(answer),
        onFailed: (thrown) => this.#failed(thrown),
      });
      if (!isCurrent()) {
        stream.cancel();
        return;
      }
      this.#stream = stream;
      this.#lookLater();
    } catch (thrown) {
      if (isCurrent()) this.#failed(thrown);
    }
  }

  #onAnswer({ canceled, cancel_reason, compact_revision, events }: WatchResponse): void {
    this.#heardAtMs = this.#parts.clock.now();
    if (canceled || Number(compact_revision) > 0) return this.#failed(new Error(cancel_reason || 'compacted'));
    this.#failures = 0;
    const { watchers } = this.#parts;
    for (const { type, kv } of events)
      if (type === 'PUT') watchers.put(this.#entry(kv));
      else watchers.gone(this.#name(kv.key));
  }

  #lookLater(): void {
    const { clock } = this.#parts;
    this.#cancel = clock.after(LOOK_EVERY_MS, () => {
      const now = clock.now();
      if (now - this.#heardAtMs >= SILENCE_MS) return this.#failed(new Error('the watch is silent'));
      if (now - this.#listedAtMs >= LIST_EVERY_MS) return void this.#begin();
      this.#stream?.write({ progress_request: {} });
      this.#lookLater();
    });
  }

  #failed(thrown: unknown): void {
    this.#drop();
    this.#failures += 1;
    if (this.#failures === FAILURES_WORTH_TELLING) this.#parts.onProblem(appErrorOf(thrown));
    this.#cancel = this.#parts.clock.after(backOffMs(this.#failures, BACK_OFF), () => void this.#begin());
  }

  #drop(): void {
    this.#round += 1;
    this.#cancel();
    this.#stream?.cancel();
    this.#stream = undefined;
  }

  #name(key: Buffer): string {
    return key.toString('utf8', this.#parts.range.key.length);
  }

  #entry({ key, value, create_revision, mod_revision }: KeyValue): LiveEntry {
    return {
      key: this.#name(key),
      value: value.toString(),
      createRevision: Number(create_revision),
      modRevision: Number(mod_revision),
    };
  }
}
