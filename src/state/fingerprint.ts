import type { TableName } from '../model/index.js';

/** A record's place and revisions: in engines of etcd's shape one key has one content at one revision. */
export interface Fingerprinted {
  readonly table: TableName;
  readonly key: string;
  readonly createRevision: number;
  readonly modRevision: number;
}

/**
 * A rolling hash of a set of records that does not depend on their order: adding and removing one costs one hash of its key.
 * Two sums of different hashes, 64 bits together: made to find faults, not forgers.
 */
export class Fingerprint {
  #left = 0;
  #right = 0;
  #count = 0;

  add(record: Fingerprinted): void {
    this.#change(record, 1);
  }

  remove(record: Fingerprinted): void {
    this.#change(record, -1);
  }

  get value(): string {
    return `${this.#count}:${this.#left.toString(16)}:${this.#right.toString(16)}`;
  }

  #change({ table, key, createRevision, modRevision }: Fingerprinted, sign: 1 | -1): void {
    const text = `${createRevision}/${modRevision}/${table}/${key}`;
    let [left, right] = [0x811c9dc5, 0x9747b28c];
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      left = Math.imul(left ^ code, 0x01000193);
      right = Math.imul(right, 31) + code;
      right ^= right >>> 15;
    }
    this.#left = (this.#left + sign * left) >>> 0;
    this.#right = (this.#right + sign * Math.imul(right ^ (right >>> 13), 0x5bd1e995)) >>> 0;
    this.#count += sign;
  }
}
