const CHUNK_SIZE = 256;

interface Chunk<Value> {
  readonly keys: string[];
  readonly values: Value[];
}

/**
 * Values ordered by their key's text: chunks of at most 256, so that an insert moves little and a prefix is found by
 * bisection. Order is that of UTF-16 code units.
 */
export class SortedRows<Value> {
  readonly #chunks: Chunk<Value>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  set(key: string, value: Value): void {
    const last = this.#chunks[this.#chunks.length - 1];
    // What arrives in order, as when a state is loaded, is searched for nowhere.
    if (!last || key > (last.keys[last.keys.length - 1] as string)) {
      this.#append(last, key, value);
      return;
    }
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] as Chunk<Value>;
    const position = lowerBound(chunk.keys, key);
    if (chunk.keys[position] === key) {
      chunk.values[position] = value;
      return;
    }
    chunk.keys.splice(position, 0, key);
    chunk.values.splice(position, 0, value);
    this.#size += 1;
    if (chunk.keys.length > CHUNK_SIZE) this.#split(at, position);
  }

  delete(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (!chunk) return;
    const position = lowerBound(chunk.keys, key);
    if (chunk.keys[position] !== key) return;
    chunk.keys.splice(position, 1);
    chunk.values.splice(position, 1);
    this.#size -= 1;
    if (chunk.keys.length === 0) this.#chunks.splice(at, 1);
  }

  /** The first values in order, all unless there is a limit, in a new array. */
  values(limit = Number.POSITIVE_INFINITY): Value[] {
    const only = this.#chunks[0];
    if (this.#chunks.length === 1 && only) return only.values.slice(0, limit);
    const first: Value[] = [];
    for (const { values } of this.#chunks) {
      for (const value of values) first.push(value);
      if (first.length >= limit) return first.slice(0, limit);
    }
    return first;
  }

  /** The first values whose key starts with `prefix`, all unless there is a limit, in order, in a new array. */
  withPrefix(prefix: string, limit = Number.POSITIVE_INFINITY): Value[] {
    const found: Value[] = [];
    const first = this.#chunkOf(prefix);
    for (let at = first; at < this.#chunks.length; at += 1) {
      const { keys, values } = this.#chunks[at] as Chunk<Value>;
      for (let position = at === first ? lowerBound(keys, prefix) : 0; position < keys.length; position += 1) {
        if (found.length >= limit || !(keys[position] as string).startsWith(prefix)) return found;
        found.push(values[position] as Value);
      }
    }
    return found;
  }

  /** Position of the last chunk that begins at or before `key`; 0 when there is none. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (((this.#chunks[middle] as Chunk<Value>).keys[0] as string) <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #append(last: Chunk<Value> | undefined, key: string, value: Value): void {
    this.#size += 1;
    if (!last || last.keys.length >= CHUNK_SIZE) this.#chunks.push({ keys: [key], values: [value] });
    else {
      last.keys.push(key);
      last.values.push(value);
    }
  }

  /** Splits a full chunk: at its end when rows arrive in order (so that chunks stay full), else in the middle. */
  #split(at: number, position: number): void {
    const chunk = this.#chunks[at] as Chunk<Value>;
    const half = position >= CHUNK_SIZE ? CHUNK_SIZE : CHUNK_SIZE >> 1;
    this.#chunks.splice(at + 1, 0, { keys: chunk.keys.splice(half), values: chunk.values.splice(half) });
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  const last = keys[keys.length - 1];
  if (last !== undefined && last < key) return keys.length;
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
