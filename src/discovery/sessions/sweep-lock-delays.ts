import type { Clock } from '../../core/index.js';
import type { Duty, StateStore } from '../../state/index.js';

const SLICE = 512;

/** Forgets the lock-delays that are over, some hundred at a time. Resolves to how many are not over yet. */
export async function sweepLockDelays(
  store: StateStore,
  duty: Pick<Duty, 'transact'>,
  clock: Clock,
  nextTurn: () => Promise<void>,
): Promise<number> {
  const nowMs = clock.now();
  const all = store.view.range('lock-delays', 'all', []);
  const over = all.filter(({ untilMs }) => untilMs <= nowMs).map(({ key }) => key);
  for (let at = 0; at < over.length; at += SLICE) {
    await nextTurn();
    await duty.transact('lock-delays-sweep', (transaction) => {
      for (const key of over.slice(at, at + SLICE)) {
        const delay = transaction.get('lock-delays', key);
        if (delay !== undefined && delay.untilMs <= transaction.nowMs) transaction.delete('lock-delays', key);
      }
    });
  }
  return all.length - over.length;
}
