/** Lets callers wait until a revision is applied here. */
export class AppliedRevisions {
  #revision = 0;
  /** Ascending by revision. */
  #waiting: { readonly revision: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  #closed: Error | undefined;

  get revision(): number {
    return this.#revision;
  }

  /** Resolves when `revision` is applied; rejects when the store closes before. */
  reached(revision: number): Promise<void> {
    if (revision <= this.#revision) return Promise.resolve();
    if (this.#closed) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      let at = this.#waiting.length;
      while (at > 0 && (this.#waiting[at - 1]?.revision ?? 0) > revision) at -= 1;
      this.#waiting.splice(at, 0, { revision, resolve, reject });
    });
  }

  /** Notes that everything up to `revision` is applied. */
  advance(revision: number): void {
    this.#revision = revision;
    let done = 0;
    for (const { revision: wanted, resolve } of this.#waiting) {
      if (wanted > revision) break;
      resolve();
      done += 1;
    }
    if (done > 0) this.#waiting.splice(0, done);
  }

  /** Rejects whoever waits for a revision above this one: it will not come. */
  discardAbove(revision: number, error: Error): void {
    const lost = this.#waiting.filter(({ revision: wanted }) => wanted > revision);
    this.#waiting = this.#waiting.filter(({ revision: wanted }) => wanted <= revision);
    for (const { reject } of lost) reject(error);
  }

  close(error: Error): void {
    this.#closed = error;
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting = [];
  }
}
