import { type ConfigEntryKind, configEntryKey } from '../../model/index.js';
import type { CommitResult, StateStore, Transaction } from '../../state/index.js';
import { releaseVirtualIpIfUnused } from '../catalog/index.js';
import { noteTransitions } from './condition-times.js';
import { type EntryGuard, guardedWrite } from './entry-guard.js';
import { linksBefore, relink } from './gateway-links.js';
import { checkGraph, graphBefore } from './graph-rules.js';
import { CONFIG_ENTRIES_FAMILY } from './guard-family.js';
import { intentionState, revokeNarrowed } from './revoke-access.js';
import { type EntryCondition, holds } from './write-entry.js';

/** Deletes an entry in a transaction of its own; see `applyConfigEntryDeletion`. */
export function deleteConfigEntry(
  store: StateStore,
  kind: ConfigEntryKind,
  name: string,
  condition: EntryCondition = {},
  guard?: EntryGuard,
): Promise<CommitResult<boolean>> {
  return guardedWrite(store, 'config-entry-delete', { kind, name, guard }, (transaction) =>
    applyConfigEntryDeletion(transaction, kind, name, condition),
  );
}

/**
 * Deletes an entry if it is there; the chains that are left without it are checked as for a write, its name's virtual IP goes
 * back when nothing else needs it, and those who lose access are noted. Returns false when the `cas` condition does not hold.
 * Throws AppError when other entries still need this one.
 */
export function applyConfigEntryDeletion(
  transaction: Transaction,
  kind: ConfigEntryKind,
  name: string,
  condition: EntryCondition = {},
): boolean {
  const key = configEntryKey(kind, name);
  const stored = transaction.get('config-entries', key);
  if (!holds(condition, stored)) return false;
  if (stored === undefined) return true;
  const before = kind === 'service-intentions' ? intentionState(transaction, name) : undefined;
  const change = { kind, name, before: stored.entry, after: undefined };
  const graph = graphBefore(transaction, change);
  const links = linksBefore(transaction, change);
  transaction.guard(CONFIG_ENTRIES_FAMILY);
  transaction.delete('config-entries', key);
  checkGraph(transaction, change, graph);
  if (before) revokeNarrowed(transaction, name, before);
  releaseVirtualIpIfUnused(transaction, name);
  relink(transaction, change, links);
  if (kind === 'inline-certificate') transaction.delete('certificate-keys', name);
  noteTransitions(transaction, change, graph.services);
  return true;
}
