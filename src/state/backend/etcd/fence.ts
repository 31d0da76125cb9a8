import {
  type Compare,
  type EtcdClient,
  EtcdError,
  type TxnResponse,
  type WatchResponse,
  type WatchStream,
  WentBack,
} from './client/index.js';
import { decodeTip, encodeTip, type Layout } from './layout.js';
import type { Guard } from './transaction.js';

/** A member that gives history says something this often. */
const SILENT_MS = 2000;
/** For whom nobody can tell by then, nobody can tell soon. */
const BUDGET_MS = 6000;
const RAISE_MS = 4000;
const PAUSE_MS = 250;

interface Question {
  /** A revision from before the transaction was sent. */
  readonly since: number;
  readonly id: string;
  readonly resolve: (outcome: TransactionOutcome) => void;
}

/** The revision at which it was applied; 'other history' = etcd is at a revision that had been passed before: it was restored. */
type TransactionOutcome = number | 'not applied' | 'unknown' | 'other history';

interface FenceParts {
  readonly client: EtcdClient;
  readonly layout: Layout;
  readonly server: string;
  readonly now: () => number;
  readonly pause: (delayMs: number) => Promise<void>;
}

/**
 * Finds out what became of transactions that nobody answered. Every transaction of this server compares its fence. A new fence
 * makes those that are still on their way fail, so that afterwards each either has been applied or never will be; which one, the
 * history of `tip` tells, where every transaction left its name.
 */
export class Fence {
  readonly #parts: FenceParts;
  readonly #key: Buffer;
  #revision = 0;
  #questions: Question[] = [];
  #answering = false;
  #count = 0;

  constructor(parts: FenceParts) {
    this.#parts = parts;
    this.#key = parts.layout.fence(parts.server);
  }

  get guard(): Guard['fence'] {
    return { key: this.#key, revision: this.#revision };
  }

  /** What is known is of a history that is gone: `raise` makes a new one. */
  forget(): void {
    this.#revision = 0;
  }

  /** Another process with this server's name, or an earlier one, made a fence. */
  adopt(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  /** Writes a new fence; returns its revision. Throws EtcdError. */
  async raise(id = this.#nextId(), timeoutMs?: number): Promise<number> {
    const { header } = await this.#write(id, [], timeoutMs);
    this.adopt(Number(header.revision));
    return Number(header.revision);
  }

  /**
   * Writes a new fence if a transaction with at least this revision exists. False when there is none, or when this write got a
   * revision that had been passed before. Throws EtcdError.
   */
  async raiseAfter(tip: number): Promise<boolean> {
    const isThere: Compare = { result: 'GREATER', target: 'MOD', key: this.#parts.layout.tip, mod_revision: tip - 1 };
    try {
      const { header, succeeded } = await this.#write(this.#nextId(), [isThere]);
      if (succeeded) this.adopt(Number(header.revision));
      return succeeded;
    } catch (thrown) {
      if (thrown instanceof WentBack) return false;
      throw thrown;
    }
  }

  #write(id: string, compare: readonly Compare[], timeoutMs?: number): Promise<TxnResponse> {
    const { client, layout, now } = this.#parts;
    const value = Buffer.from(JSON.stringify({ at: now() }));
    const success = [
      { request_put: { key: this.#key, value } },
      { request_put: { key: layout.tip, value: encodeTip({ id, puts: 1, deletes: 0 }) } },
    ];
    return client.txn({ compare, success }, timeoutMs === undefined ? {} : { timeoutMs });
  }

  /** The revision at which the transaction was applied, or that it was not and never will be, or that nobody can tell. */
  outcomeOf(id: string, since: number): Promise<TransactionOutcome> {
    return new Promise((resolve) => {
      this.#questions.push({ id, since, resolve });
      if (!this.#answering) void this.#answer();
    });
  }

  async #answer(): Promise<void> {
    this.#answering = true;
    while (this.#questions.length > 0) {
      // One fence for all that wait: those that ask from now on may have been sent after it.
      const questions = this.#questions.splice(0);
      const found = await this.#findAll(questions);
      for (const { id, resolve } of questions) resolve(found instanceof Map ? (found.get(id) ?? 'not applied') : found);
    }
    this.#answering = false;
  }

  async #findAll(questions: readonly Question[]): Promise<Map<string, number> | 'unknown' | 'other history'> {
    const id = this.#nextId();
    const until = this.#parts.now() + BUDGET_MS;
    for (let attempt = 1; this.#parts.now() < until; attempt += 1) {
      try {
        const raised = await this.raise(id, Math.min(RAISE_MS, until - this.#parts.now()));
        const known = questions.map(({ since }) => since);
        // Another one has noticed meanwhile.
        if (raised <= Math.max(...known)) return 'other history';
        return await this.#history(Math.min(...known), raised);
      } catch (thrown) {
        if (thrown instanceof WentBack) return 'other history';
        if (!(thrown instanceof EtcdError) || !thrown.isOfEndpoint) return 'unknown';
        await this.#parts.pause(PAUSE_MS * attempt);
      }
    }
    return 'unknown';
  }

  /** Name -> revision of every transaction after `since`, up to and with `until`. Rejects when it is not known in full. */
  async #history(since: number, until: number): Promise<Map<string, number>> {
    const { client, layout } = this.#parts;
    const endpoint = client.endpoints.first;
    const names = new Map<string, number>();
    let version: number | undefined;
    let timer: NodeJS.Timeout | undefined;
    let stream: WatchStream | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const fail = (message: string, code = 14): void => reject(new EtcdError(code, message, endpoint.name));
        timer = setTimeout(() => {
          client.endpoints.failed(endpoint);
          fail('the history did not come');
        }, SILENT_MS);
        const onAnswer = ({ events, compact_revision, canceled, cancel_reason }: WatchResponse): void => {
          timer?.refresh();
          if (Number(compact_revision) > 0) fail('the history was compacted', 11);
          else if (canceled) fail(cancel_reason);
          for (const { kv } of events) {
            if (version !== undefined && Number(kv.version) !== version + 1) fail('the history has a hole', 11);
            version = Number(kv.version);
            names.set(decodeTip(kv.value)?.id ?? '', Number(kv.mod_revision));
            if (Number(kv.mod_revision) >= until) resolve(names);
          }
        };
        const request = { key: layout.tip, start_revision: since + 1 };
        client
          .watch(endpoint, request, { isWanted: () => true, onAnswer, onFailed: reject })
          .then((opened) => (stream = opened), reject);
      });
    } finally {
      clearTimeout(timer);
      stream?.cancel();
    }
  }

  #nextId(): string {
    this.#count += 1;
    return `${this.#parts.server}.fence.${this.#parts.now().toString(36)}.${this.#count}`;
  }
}
