/** What was known when a request was sent. */
export interface Asked {
  readonly newest: number;
  /** Which of the histories that were gone through. */
  readonly history: number;
}

/**
 * The newest revision that an answer of etcd named. Whatever is asked afterwards is answered with that one or a later one, and what
 * is written afterwards gets a later one: where that is not so, the member is behind, or etcd was restored from an older copy.
 */
export class KnownRevision {
  #newest = 0;
  #history = 0;

  get newest(): number {
    return this.#newest;
  }

  /** To be kept beside a request that is sent now. */
  get asked(): Asked {
    return { newest: this.#newest, history: this.#history };
  }

  /** Takes what a request was answered with; false when that cannot be. `hasWritten` = the answer names the revision of a write. */
  take({ newest, history }: Asked, revision: number, hasWritten: boolean): boolean {
    // It was asked before the history changed, and what it says is of either.
    if (history !== this.#history) return true;
    if (revision < newest || (hasWritten && revision === newest)) return false;
    this.#newest = Math.max(this.#newest, revision);
    return true;
  }

  /** Etcd begins again at an earlier revision. */
  forget(): void {
    this.#newest = 0;
    this.#history += 1;
  }
}
