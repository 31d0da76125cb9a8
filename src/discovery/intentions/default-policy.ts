import type { IntentionPolicy } from '../../mesh/intentions/index.js';
import type { CommitResult, StateStore } from '../../state/index.js';
import { revoke } from '../config/index.js';

/**
 * Stores what happens to callers that no intention is about, as the agent's configuration says; the server calls this at its
 * start. Turning `allow` into `deny` takes access away from everybody, everywhere.
 */
export function setDefaultIntentionPolicy(store: StateStore, policy: IntentionPolicy): Promise<CommitResult<void>> {
  return store.transact('default-intention-policy', (transaction) => {
    const known = transaction.get('system', 'default-intention-policy')?.value;
    if (known === policy) return;
    transaction.put('system', { name: 'default-intention-policy', value: policy });
    if (known === 'allow') revoke(transaction, '*', '*');
  });
}
