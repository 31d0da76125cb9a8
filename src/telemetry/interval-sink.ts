/** Labels of a figure, by name. */
export type Labels = Readonly<Record<string, string>>;

/** What happened to one figure within an interval. */
export interface Aggregate {
  readonly name: string;
  readonly labels: Labels;
  count: number;
  sum: number;
  sumOfSquares: number;
  min: number;
  max: number;
}

/** One interval: counters and samples by what they are of. */
export interface Interval {
  /** When it began, ms since the epoch. */
  readonly startMs: number;
  readonly counters: Map<string, Aggregate>;
  readonly samples: Map<string, Aggregate>;
}

/** How long an interval is (consul-behaviour.md 1.2, `agent/metrics`). */
export const INTERVAL_MS = 10_000;
/** More figures than this in one interval are not kept apart any more: labels must not fill the memory. */
const MOST_FIGURES = 5_000;

/** Adds up counters and samples in intervals of ten seconds and keeps the last whole one. */
export class IntervalSink {
  #current: Interval;
  #last: Interval | undefined;

  constructor(private readonly now: () => number) {
    this.#current = emptyInterval(this.#startOf());
  }

  /** `key` is what `figureKey` gives. */
  count(name: string, labels: Labels = {}, value = 1, key = figureKey(name, labels)): void {
    this.#roll();
    add(this.#current.counters, key, name, labels, value);
  }

  /** `key` is what `figureKey` gives. */
  sample(name: string, value: number, labels: Labels = {}, key = figureKey(name, labels)): void {
    this.#roll();
    add(this.#current.samples, key, name, labels, value);
  }

  /** The last interval that is over; in the first ten seconds the one that runs. */
  latest(): Interval {
    this.#roll();
    return this.#last ?? this.#current;
  }

  #startOf(): number {
    return Math.floor(this.now() / INTERVAL_MS) * INTERVAL_MS;
  }

  #roll(): void {
    const start = this.#startOf();
    if (start === this.#current.startMs) return;
    // When nothing was added for a while, the interval before this one was empty.
    const isNext = start - this.#current.startMs === INTERVAL_MS;
    this.#last = isNext ? this.#current : emptyInterval(start - INTERVAL_MS);
    this.#current = emptyInterval(start);
  }
}

const emptyInterval = (startMs: number): Interval => ({ startMs, counters: new Map(), samples: new Map() });

/** What tells a figure from all others. */
export function figureKey(name: string, labels: Labels): string {
  return `${name} ${Object.values(labels).join(' ')}`;
}

function add(figures: Map<string, Aggregate>, key: string, name: string, labels: Labels, value: number): void {
  const found = figures.get(key);
  if (found === undefined) {
    if (figures.size < MOST_FIGURES)
      figures.set(key, { name, labels, count: 1, sum: value, sumOfSquares: value * value, min: value, max: value });
    return;
  }
  found.count += 1;
  found.sum += value;
  found.sumOfSquares += value * value;
  found.min = Math.min(found.min, value);
  found.max = Math.max(found.max, value);
}
