import type { LiveChange, LiveEntry } from './live-area.js';

/** Who watches a live area, and what they have been told. */
export class LiveWatchers {
  readonly #entries = new Map<string, LiveEntry>();
  readonly #watchers = new Set<(change: LiveChange) => void>();
  #isKnown: boolean;

  /** `isKnown` = what is there is known from the beginning: nothing. */
  constructor(isKnown: boolean) {
    this.#isKnown = isKnown;
  }

  get(key: string): LiveEntry | undefined {
    return this.#entries.get(key);
  }

  add(onChange: (change: LiveChange) => void): () => void {
    // Its own: the same function may be added twice.
    const watcher = (change: LiveChange): void => onChange(change);
    this.#watchers.add(watcher);
    if (this.#isKnown) watcher({ type: 'all', entries: [...this.#entries.values()] });
    return () => this.#watchers.delete(watcher);
  }

  /** A key was put; what is known already, or older, is passed over. */
  put(entry: LiveEntry): void {
    if (entry.modRevision <= (this.#entries.get(entry.key)?.modRevision ?? 0)) return;
    this.#set(entry);
  }

  #set(entry: LiveEntry): void {
    this.#entries.set(entry.key, entry);
    this.#tell({ type: 'put', entry });
  }

  gone(key: string): void {
    if (this.#entries.delete(key)) this.#tell({ type: 'gone', key });
  }

  /** Everything that is there: told as the difference from what is known, or as a whole the first time. */
  replace(entries: readonly LiveEntry[]): void {
    if (!this.#isKnown) {
      for (const entry of entries) this.#entries.set(entry.key, entry);
      this.#isKnown = true;
      this.#tell({ type: 'all', entries });
      return;
    }
    const present = new Set(entries.map(({ key }) => key));
    for (const key of [...this.#entries.keys()]) if (!present.has(key)) this.gone(key);
    for (const entry of entries.toSorted((left, right) => left.modRevision - right.modRevision))
      if (entry.modRevision !== this.#entries.get(entry.key)?.modRevision) this.#set(entry);
  }

  close(): void {
    this.#watchers.clear();
  }

  #tell(change: LiveChange): void {
    for (const watcher of [...this.#watchers]) if (this.#watchers.has(watcher)) watcher(change);
  }
}
