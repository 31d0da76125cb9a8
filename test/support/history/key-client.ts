import { Agent } from 'node:http';
import { type HttpAnswer, httpCall } from '../envoy-rig/index.js';
import type { History, NotedCall } from './history.js';
import { type KeyInput, type KeyState, NOTHING } from './key-model.js';

/** What a read showed, with the index that a compare-and-set needs. */
export interface Seen {
  readonly state: KeyState;
  readonly modifyIndex: number;
}

/** Where a client's next call goes. */
export interface ServerAddress {
  readonly host?: string;
  readonly port: number;
}

/** A client of keys and sessions over HTTP that notes everything it does. Calls that get no answer reject nothing: they are noted as such. */
export class KeyClient {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #history: History;
  readonly #next: () => ServerAddress;

  /** `next` is asked before each call. */
  constructor(history: History, next: () => ServerAddress) {
    this.#history = history;
    this.#next = next;
  }

  /** Undefined when no answer came. */
  async read(key: string): Promise<Seen | undefined> {
    const startedAt = performance.now();
    const noted = this.#history.begin(key, { type: 'get' });
    const answer = await this.#call('GET', `/v1/kv/${key}?consistent`);
    const seen = answer === undefined || answer === 'unsent' ? undefined : seenIn(answer);
    if (seen === undefined) noted.hadNoEffect();
    else {
      noted.answered(seen.state);
      this.#sight(key, seen, startedAt);
    }
    return seen;
  }

  put(key: string, value: string): Promise<void> {
    return this.#write(key, { type: 'put', value }, 'PUT', `/v1/kv/${key}`, value);
  }

  delete(key: string): Promise<void> {
    return this.#write(key, { type: 'delete' }, 'DELETE', `/v1/kv/${key}`);
  }

  cas(key: string, { state, modifyIndex }: Seen, value: string): Promise<void> {
    return this.#write(key, { type: 'cas', expected: state, value }, 'PUT', `/v1/kv/${key}?cas=${modifyIndex}`, value);
  }

  acquire(key: string, session: string, value: string): Promise<void> {
    return this.#write(key, { type: 'acquire', session, value }, 'PUT', `/v1/kv/${key}?acquire=${session}`, value);
  }

  release(key: string, session: string, value: string): Promise<void> {
    return this.#write(key, { type: 'release', session, value }, 'PUT', `/v1/kv/${key}?release=${session}`, value);
  }

  /** A session without lock-delay; with a TTL nobody renews it, so that it ends by itself. Undefined when no answer came. */
  async createSession(ttlMs: number, keys: readonly string[]): Promise<string | undefined> {
    const startedAt = performance.now();
    const body = { LockDelay: '0s', NodeChecks: [], ...(ttlMs > 0 ? { TTL: `${ttlMs}ms` } : {}) };
    const answer = await this.#call('PUT', '/v1/session/create', JSON.stringify(body));
    if (answer === undefined || answer === 'unsent' || answer.status !== 200) return undefined;
    const session = (JSON.parse(answer.text) as { ID: string }).ID;
    if (ttlMs > 0) for (const key of keys) this.#history.begin(key, { type: 'end', session }, startedAt + ttlMs);
    return session;
  }

  async destroySession(session: string, keys: readonly string[]): Promise<void> {
    const noted = keys.map((key) => this.#history.begin(key, { type: 'end', session }));
    const answer = await this.#call('PUT', `/v1/session/destroy/${session}`);
    for (const one of noted) settle(one, answer);
  }

  /** Follows a key by blocking queries until the signal aborts; `index` is where it stands. */
  async *follow(key: string, signal: AbortSignal): AsyncGenerator<{ readonly index: number; readonly seen: Seen }> {
    let index = 0;
    while (!signal.aborted) {
      const startedAt = performance.now();
      const answer = await this.#call('GET', `/v1/kv/${key}?index=${index}&wait=2s`);
      const seen = answer === undefined || answer === 'unsent' ? undefined : seenIn(answer);
      if (seen === undefined || typeof answer !== 'object') await new Promise((resolve) => setTimeout(resolve, 20));
      else {
        index = Number(answer.headers['x-consul-index']);
        this.#sight(key, seen, startedAt);
        yield { index, seen };
      }
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #write(key: string, input: KeyInput, method: string, path: string, body?: string): Promise<void> {
    const noted = this.#history.begin(key, input);
    settle(noted, await this.#call(method, path, body));
  }

  #sight(key: string, { state, modifyIndex }: Seen, startedAt: number): void {
    const { value, holder: session, lockIndex } = state;
    this.#history.saw(key, { value, session, lockIndex, modifyIndex, startedAt, endedAt: performance.now() });
  }

  /** The answer; `unsent` when nobody took the connection; undefined when it broke off. */
  async #call(method: string, path: string, body?: string): Promise<HttpAnswer | 'unsent' | undefined> {
    try {
      const call = { ...this.#next(), method, path, agent: this.#agent, ...(body === undefined ? {} : { body }) };
      return await httpCall(call);
    } catch (thrown) {
      return (thrown as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'unsent' : undefined;
    }
  }
}

/** A refusal has no effect; a fault of the server may have had one. */
function settle(noted: NotedCall, answer: HttpAnswer | 'unsent' | undefined): void {
  if (answer === undefined || (answer !== 'unsent' && answer.status >= 500)) return;
  if (answer === 'unsent' || answer.status !== 200) noted.hadNoEffect();
  else noted.answered(answer.text.trim() === 'true');
}

function seenIn({ status, text }: HttpAnswer): Seen | undefined {
  if (status === 404) return { state: NOTHING, modifyIndex: 0 };
  if (status !== 200) return undefined;
  const [entry] = JSON.parse(text) as {
    Value: string | null;
    Session?: string;
    LockIndex: number;
    ModifyIndex: number;
  }[];
  if (entry === undefined) return undefined;
  const value = Buffer.from(entry.Value ?? '', 'base64').toString();
  return { state: { value, holder: entry.Session ?? '', lockIndex: entry.LockIndex }, modifyIndex: entry.ModifyIndex };
}
