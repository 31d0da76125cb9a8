import type { StateStore } from './state-store.js';
import { INDEX_BASE } from './tables/index.js';

/**
 * Makes every index from now on greater than `index`: after a restore, an import or a change of engine, whose revisions begin
 * lower than what clients have seen. Returns the new index of the store; without need nothing is written.
 */
export async function raiseIndexTo(store: StateStore, index: number): Promise<number> {
  const { index: reached } = await store.transact('raise the index base', (transaction) => {
    const missing = index - store.index;
    if (missing < 0) return;
    const base = Number(transaction.get('system', INDEX_BASE)?.value ?? 0);
    transaction.put('system', { name: INDEX_BASE, value: base + missing });
  });
  return reached;
}
