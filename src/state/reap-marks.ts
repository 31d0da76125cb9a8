import type { Duty } from './state-store.js';
import { MARK_FLOOR } from './tables/index.js';

/** Few enough for one transaction of any engine: on etcd a mark that a large transaction wrote takes two compares. */
const MARKS_PER_TRANSACTION = 28;

/** A mark as the reaper sees it. */
export interface ReapableMark {
  readonly range: string;
  readonly modifyIndex: number;
}

/**
 * Deletes the given marks, oldest first, and raises the floor of all indexes to the newest of them, so that no answer's index
 * goes back. A mark that was renewed meanwhile stays. Returns how many were deleted.
 */
export async function reapMarks(store: Pick<Duty, 'transact'>, marks: readonly ReapableMark[]): Promise<number> {
  const oldestFirst = marks.toSorted((left, right) => left.modifyIndex - right.modifyIndex);
  let reaped = 0;
  for (let at = 0; at < oldestFirst.length; at += MARKS_PER_TRANSACTION) {
    const some = oldestFirst.slice(at, at + MARKS_PER_TRANSACTION);
    const { result } = await store.transact('reap marks', (transaction) => {
      const due = some.filter(({ range, modifyIndex }) => transaction.get('marks', range)?.modifyIndex === modifyIndex);
      for (const { range } of due) transaction.delete('marks', range);
      const floor = Number(transaction.get('system', MARK_FLOOR)?.value ?? 0);
      const raised = Math.max(floor, ...due.map(({ modifyIndex }) => modifyIndex));
      if (due.length > 0) transaction.put('system', { name: MARK_FLOOR, value: raised });
      return due.length;
    });
    reaped += result;
  }
  return reaped;
}
