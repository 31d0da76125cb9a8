import type { Entry } from './subscription.js';

/** Up to this many a list is searched from its start; the usual proxy has some twenty of each type. */
const LONGEST_LIST = 48;

/** The entries of one type by name. A short list as long as it is short: there are six of these per proxy, and maps have spare room. */
export class EntryTable {
  #list: Entry[] = [];
  #byName: Map<string, Entry> | undefined;

  get size(): number {
    return this.#byName?.size ?? this.#list.length;
  }

  get(name: string): Entry | undefined {
    if (this.#byName) return this.#byName.get(name);
    for (const entry of this.#list) if (entry.name === name) return entry;
    return undefined;
  }

  /** Adds an entry whose name is not there yet. */
  add(entry: Entry): void {
    if (this.#byName) this.#byName.set(entry.name, entry);
    else if (this.#list.length < LONGEST_LIST) this.#list.push(entry);
    else {
      this.#byName = new Map([...this.#list, entry].map((one) => [one.name, one]));
      this.#list = [];
    }
  }

  delete(name: string): void {
    if (this.#byName) this.#byName.delete(name);
    else this.#list = this.#list.filter((entry) => entry.name !== name);
  }

  /** Gives back the room that a list keeps when it has grown. */
  trim(): void {
    this.#list = this.#list.slice();
  }

  /** The entries as they are now: the table may change while they are gone through. */
  values(): readonly Entry[] {
    return this.#byName ? [...this.#byName.values()] : this.#list.slice();
  }
}
