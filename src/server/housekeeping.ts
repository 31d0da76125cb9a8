import type { Clock } from '../core/index.js';
import type { Duty, StateStore, TakeDuty } from '../state/index.js';

const EVERY_MS = 60_000;
/** How long the marks of deletions are kept, so that parked clients see them (consul-behaviour 11.3, tombstones). */
const KEEP_MARKS_MS = 15 * 60_000;

/**
 * Reaps marks of deletions older than a quarter of an hour, every minute, while this server has the duty to. What is how old is
 * noted by every server, so that one that takes over knows it.
 */
export function startHousekeeping(
  store: StateStore,
  take: TakeDuty,
  clock: Clock,
  warn: (message: string) => void,
): () => void {
  const seen: { readonly atMs: number; readonly index: number }[] = [];
  let duty: Duty | undefined;
  let cancel = (): void => undefined;
  const turn = (): void => {
    seen.push({ atMs: clock.now(), index: store.index });
    let old: number | undefined;
    while (seen[0] && seen[0].atMs <= clock.now() - KEEP_MARKS_MS) old = seen.shift()?.index;
    if (old !== undefined && duty)
      store
        .reapMarks(old, duty)
        .catch((thrown: unknown) => warn(`marks of deletions were not reaped: ${String(thrown)}`));
    cancel = clock.after(EVERY_MS, turn);
  };
  cancel = clock.after(EVERY_MS, turn);
  const giveUp = take((held) => {
    duty = held;
    return () => {
      duty = undefined;
    };
  });
  return () => {
    cancel();
    giveUp();
  };
}
