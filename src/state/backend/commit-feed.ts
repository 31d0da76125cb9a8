import type { BackendCommit, WatchEvent } from './backend.js';

/** What is kept for a while is copied about by the garbage collector, and costs more than the commit did. */
const HISTORY_LENGTH = 128;

/** The watchers of an engine in this process, and the last commits for those that start in the past. */
export class CommitFeed {
  readonly #watchers = new Set<(event: WatchEvent) => void>();
  #history: BackendCommit[] = [];
  #keepers = 0;
  #revision: number;

  /** `revision` is the newest commit there is; earlier ones cannot be handed out. */
  constructor(revision: number) {
    this.#revision = revision;
  }

  publish(commits: readonly BackendCommit[]): void {
    for (const commit of commits) {
      this.#revision = commit.revision;
      this.#history.push(commit);
    }
    if (this.#keepers === 0 && this.#history.length > 2 * HISTORY_LENGTH)
      this.#history = this.#history.slice(-HISTORY_LENGTH);
    for (const commit of commits) this.#tell({ type: 'commit', commit });
  }

  /** Keeps every commit while something is done after which somebody will watch from here on. */
  async keepWhile<Result>(run: () => Promise<Result>): Promise<Result> {
    this.#keepers += 1;
    try {
      return await run();
    } finally {
      this.#keepers -= 1;
    }
  }

  /** Tells that everything accepted above the newest published commit is gone. */
  discard(): void {
    this.#tell({ type: 'discarded', aboveRevision: this.#revision });
  }

  /** See Backend.watch. */
  watch(afterRevision: number, onEvent: (event: WatchEvent) => void): () => void {
    const oldest = this.#history[0]?.revision ?? this.#revision + 1;
    if (afterRevision + 1 < oldest)
      return tellLater(onEvent, 'the commits after the wanted revision are no longer kept');
    if (afterRevision > this.#revision) return tellLater(onEvent, 'the wanted revision has not been written');
    for (const commit of this.#history) if (commit.revision > afterRevision) onEvent({ type: 'commit', commit });
    this.#watchers.add(onEvent);
    return () => this.#watchers.delete(onEvent);
  }

  close(): void {
    this.#watchers.clear();
  }

  #tell(event: WatchEvent): void {
    for (const watcher of [...this.#watchers]) watcher(event);
  }
}

function tellLater(onEvent: (event: WatchEvent) => void, reason: string): () => void {
  let stopped = false;
  queueMicrotask(() => {
    if (!stopped) onEvent({ type: 'resync', reason });
  });
  return () => {
    stopped = true;
  };
}
