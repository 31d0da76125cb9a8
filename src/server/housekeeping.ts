import type { Clock } from '../core/index.js';
import type { StateStore } from '../state/index.js';

const EVERY_MS = 60_000;
/** How long the marks of deletions are kept, so that parked clients see them (consul-behaviour 11.3, tombstones). */
const KEEP_MARKS_MS = 15 * 60_000;

/** Reaps marks of deletions older than a quarter of an hour, every minute. Returns the stop function. */
export function startHousekeeping(store: StateStore, clock: Clock, warn: (message: string) => void): () => void {
  const seen: { readonly atMs: number; readonly index: number }[] = [];
  let cancel = (): void => undefined;
  const turn = (): void => {
    seen.push({ atMs: clock.now(), index: store.index });
    let old: number | undefined;
    while (seen[0] && seen[0].atMs <= clock.now() - KEEP_MARKS_MS) old = seen.shift()?.index;
    if (old !== undefined)
      store.reapMarks(old).catch((thrown: unknown) => warn(`marks of deletions were not reaped: ${String(thrown)}`));
    cancel = clock.after(EVERY_MS, turn);
  };
  cancel = clock.after(EVERY_MS, turn);
  return () => cancel();
}
