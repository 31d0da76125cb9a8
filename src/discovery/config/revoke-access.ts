import { isHttpLike, protocolOf } from '../../mesh/discovery-chain/index.js';
import {
  type IntentionState,
  defaultIntentionPolicy,
  intentionsTo,
  narrowedSources,
} from '../../mesh/intentions/index.js';
import { type MeshView, revocationKey } from '../../model/index.js';
import type { Transaction } from '../../state/index.js';

/** What decides about calls to a destination (`*` = to those without intentions of their own) in this state. */
export function intentionState(view: MeshView, destination: string): IntentionState {
  return {
    intentions: intentionsTo(view, destination),
    defaultPolicy: defaultIntentionPolicy(view),
    http: destination === '*' || isHttpLike(protocolOf(view, destination)),
  };
}

/**
 * Notes in this transaction from whom a write took access to a destination away, so that their open connections end
 * (docs/architecture.md, "Taking access away"). `before` is the state before the write, the transaction shows the one after.
 */
export function revokeNarrowed(transaction: Transaction, destination: string, before: IntentionState): void {
  const after = intentionState(transaction, destination);
  for (const source of narrowedSources(before, after)) revoke(transaction, destination, source);
}

/** Notes that access of a source (or `*`) to a destination (or `*`) was taken away. */
export function revoke(transaction: Transaction, destination: string, source: string): void {
  const known = transaction.get('revocations', revocationKey(destination, source));
  transaction.put('revocations', { destination, source, sequence: (known?.sequence ?? 0) + 1 });
}
