/** A plain map of a million texts is copied whole when it grows, in a tenth of a second; of so many it takes some ten milliseconds. */
const MOST_IN_PART = 1 << 18;

/**
 * A map of texts that may become very large: plain maps of limited size, so that no single change takes long. Up to the limit it
 * costs what a plain map costs; above it what is sought is sought in every part. In the order in which keys came, up to the limit.
 */
export class LargeMap<Value extends number | object> {
  readonly #parts: [Map<string, Value>, ...Map<string, Value>[]];
  readonly #mostInPart: number;
  /** Takes what is new. */
  #open: Map<string, Value>;

  /** `mostInPart` is for tests. */
  constructor(mostInPart = MOST_IN_PART) {
    this.#open = new Map();
    this.#parts = [this.#open];
    this.#mostInPart = mostInPart;
  }

  get size(): number {
    let size = 0;
    for (const part of this.#parts) size += part.size;
    return size;
  }

  get(key: string): Value | undefined {
    for (const part of this.#parts) {
      const value = part.get(key);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  set(key: string, value: Value): void {
    if (this.#parts.length > 1)
      for (const part of this.#parts)
        if (part.has(key)) {
          part.set(key, value);
          return;
        }
    this.#open.set(key, value);
    if (this.#open.size >= this.#mostInPart) this.#openOther();
  }

  delete(key: string): void {
    for (const part of this.#parts) if (part.delete(key)) return;
  }

  *keys(): Generator<string> {
    for (const part of this.#parts) yield* part.keys();
  }

  *values(): Generator<Value> {
    for (const part of this.#parts) yield* part.values();
  }

  *entries(): Generator<[string, Value]> {
    for (const part of this.#parts) yield* part.entries();
  }

  /** Goes on in a part that has lost much of what it had, so that there are never many. */
  #openOther(): void {
    const roomy = this.#parts.find((part) => part.size <= this.#mostInPart / 2);
    this.#open = roomy ?? new Map();
    if (!roomy) this.#parts.push(this.#open);
  }
}
