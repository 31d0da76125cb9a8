interface Interval {
  readonly decided: number;
  readonly ended: number;
}

/**
 * Large transactions are decided at one revision and unfolded into their records at the following ones. Between the two nobody
 * writes, so every record whose revision lies in the interval belongs to the transaction: outside the engine it has the
 * revision of the decision.
 */
export class UnfoldedBundles {
  /** Ascending, without overlaps. */
  #intervals: Interval[] = [];

  note(decided: number, ended: number): void {
    if (this.#intervals.some((interval) => interval.decided === decided)) return;
    this.#intervals.push({ decided, ended });
    this.#intervals.sort((left, right) => left.decided - right.decided);
  }

  /** Those that are known, oldest first. */
  get all(): readonly Interval[] {
    return this.#intervals;
  }

  /** They belong to a history that is gone. */
  clear(): void {
    this.#intervals = [];
  }

  /** The interval that a revision lies in. */
  around(revision: number): Interval | undefined {
    let [low, high] = [0, this.#intervals.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#intervals[middle] as Interval).decided <= revision) low = middle + 1;
      else high = middle;
    }
    const interval = this.#intervals[low - 1];
    return interval && revision <= interval.ended ? interval : undefined;
  }

  /** The revision that a record with this revision has outside the engine. */
  outside(revision: number): number {
    return this.#intervals.length === 0 ? revision : (this.around(revision)?.decided ?? revision);
  }
}
