import { type EtcdClient, EtcdError, type WatchResponse } from './client/index.js';
import { decodeTip, encodeTip, type Layout } from './layout.js';
import type { Guard } from './transaction.js';

const LOOK_BACK_MS = 5000;
/** For whom nobody can tell by then, nobody can tell soon. */
const BUDGET_MS = 6000;
const PAUSE_MS = 250;

interface Question {
  /** A revision from before the transaction was sent. */
  readonly since: number;
  readonly id: string;
  readonly resolve: (outcome: number | 'not applied' | 'unknown') => void;
}

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

  get guard(): Guard {
    return { fence: { key: this.#key, revision: this.#revision } };
  }

  /** Another process with this server's name, or an earlier one, made a fence. */
  adopt(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  /** Writes a new fence; returns its revision. Throws EtcdError. */
  async raise(id = this.#nextId()): Promise<number> {
    const { client, layout, now } = this.#parts;
    const value = Buffer.from(JSON.stringify({ at: now() }));
    const { header } = await client.txn({
      compare: [],
      success: [
        { request_put: { key: this.#key, value } },
        { request_put: { key: layout.tip, value: encodeTip({ id, puts: 1, deletes: 0 }) } },
      ],
    });
    this.adopt(Number(header.revision));
    return Number(header.revision);
  }

  /** The revision at which the transaction was applied, or that it was not and never will be, or that nobody can tell. */
  outcomeOf(id: string, since: number): Promise<number | 'not applied' | 'unknown'> {
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
      for (const { id, resolve } of questions) resolve(found ? (found.get(id) ?? 'not applied') : 'unknown');
    }
    this.#answering = false;
  }

  async #findAll(questions: readonly Question[]): Promise<Map<string, number> | undefined> {
    const id = this.#nextId();
    const until = this.#parts.now() + BUDGET_MS;
    for (let attempt = 1; this.#parts.now() < until; attempt += 1) {
      try {
        const raised = await this.raise(id);
        return await this.#history(Math.min(...questions.map(({ since }) => since)), raised);
      } catch (thrown) {
        if (!(thrown instanceof EtcdError) || !thrown.isOfEndpoint) return undefined;
        await this.#parts.pause(PAUSE_MS * attempt);
      }
    }
    return undefined;
  }

  /** Name -> revision of every transaction after `since`, up to and with `until`. Rejects when it is not known in full. */
  async #history(since: number, until: number): Promise<Map<string, number>> {
    const { client, layout } = this.#parts;
    const endpoint = client.endpoints.first;
    const stream = await client.openWatch(endpoint);
    const names = new Map<string, number>();
    let version: number | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const fail = (message: string, code = 14): void => reject(new EtcdError(code, message, endpoint.name));
        const timer = setTimeout(() => fail('the history did not come'), LOOK_BACK_MS);
        timer.unref();
        stream.on('error', (thrown) => reject(EtcdError.from(thrown, endpoint.name)));
        stream.on('end', () => fail('the history ended'));
        stream.on('data', ({ events, compact_revision, canceled, cancel_reason }: WatchResponse) => {
          if (Number(compact_revision) > 0) fail('the history was compacted', 11);
          else if (canceled) fail(cancel_reason);
          for (const { kv } of events) {
            if (version !== undefined && Number(kv.version) !== version + 1) fail('the history has a hole', 11);
            version = Number(kv.version);
            names.set(decodeTip(kv.value)?.id ?? '', Number(kv.mod_revision));
            if (Number(kv.mod_revision) >= until) {
              clearTimeout(timer);
              resolve(names);
            }
          }
        });
        stream.write({ create_request: { key: layout.tip, start_revision: since + 1 } });
      });
    } finally {
      stream.cancel();
    }
  }

  #nextId(): string {
    this.#count += 1;
    return `${this.#parts.server}.fence.${this.#parts.now().toString(36)}.${this.#count}`;
  }
}
