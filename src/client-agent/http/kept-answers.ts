/** An answer of a server, whole. */
export interface KeptAnswer {
  readonly status: number;
  /** Name, value, name, value …; without those that say how fresh it is. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** `X-Consul-Index`; 0 = it had none. */
  readonly index: number;
  /** When the server gave it. */
  readonly atMs: number;
}

/** What an entry takes besides its body. */
const OVERHEAD_BYTES = 512;

/** The last answers, by what was asked; those that were used least recently go first when there is too much of them. */
export class KeptAnswers {
  readonly #kept = new Map<string, KeptAnswer>();
  readonly #limitBytes: number;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get(key: string): KeptAnswer | undefined {
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, found);
    return found;
  }

  /** Keeps an answer, unless it alone is more than a quarter of all there may be. */
  put(key: string, answer: KeptAnswer): void {
    this.delete(key);
    if (sizeOf(key, answer) > this.#limitBytes / 4) return;
    this.#kept.set(key, answer);
    this.#bytes += sizeOf(key, answer);
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#limitBytes) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const found = this.#kept.get(key);
    if (found === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= sizeOf(key, found);
  }

  get size(): number {
    return this.#kept.size;
  }

  get bytes(): number {
    return this.#bytes;
  }
}

const sizeOf = (key: string, { body, rawHeaders }: KeptAnswer): number =>
  OVERHEAD_BYTES + key.length + body.length + rawHeaders.reduce((sum, text) => sum + text.length, 0);
