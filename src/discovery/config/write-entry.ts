import { deepEqual } from '../../core/index.js';
import {
  type ConfigEntry,
  type ConfigEntryRecord,
  checkedConfigEntry,
  configEntryHash,
  configEntryKey,
} from '../../model/index.js';
import type { CommitResult, StateStore, Transaction } from '../../state/index.js';
import { ensureVirtualIp } from '../catalog/index.js';
import { storeKey, withoutKey } from './certificate-key.js';
import { noteTransitions } from './condition-times.js';
import { type EntryGuard, guardedWrite } from './entry-guard.js';
import { checkAgainstState } from './entry-rules.js';
import { linksBefore, relink } from './gateway-links.js';
import { checkGraph, graphBefore } from './graph-rules.js';
import { CONFIG_ENTRIES_FAMILY } from './guard-family.js';
import { intentionState, revokeNarrowed } from './revoke-access.js';
import { revokeTokens } from './token-rules.js';

export interface EntryCondition {
  /** The write takes place only while the entry's modifyIndex is this; 0 = while there is none. */
  readonly cas?: number;
}

export interface WriteOptions extends EntryCondition {
  /** The ID that this write gives to an intention (deprecated endpoints); IDs cannot be chosen otherwise. */
  readonly newLegacyId?: string;
}

/** Kinds that give their name a virtual IP even without instances (consul-behaviour 6.17). */
const NAMING_KINDS: ReadonlySet<string> = new Set([
  'service-defaults',
  'service-intentions',
  'service-resolver',
  'service-router',
  'service-splitter',
]);

/**
 * Writes an entry in a transaction of its own, after its guard has looked at it; see `applyConfigEntry`. Resolves to false when the
 * `cas` condition does not hold.
 */
export function writeConfigEntry(
  store: StateStore,
  entry: ConfigEntry,
  condition: EntryCondition = {},
  guard?: EntryGuard,
): Promise<CommitResult<boolean>> {
  return guardedWrite(store, 'config-entry-write', { kind: entry.kind, name: entry.name, guard }, (transaction) =>
    applyConfigEntry(transaction, entry, condition),
  );
}

/**
 * Puts an entry: checked by itself, against the entries it depends on, and with the chains of every service it concerns compiled
 * anew. Gives its name a virtual IP and notes from whom access is taken away. An equal entry is not written. Returns false when
 * the `cas` condition does not hold. Throws AppError with the rule that is broken; nothing is written then.
 */
export function applyConfigEntry(transaction: Transaction, given: ConfigEntry, options: WriteOptions = {}): boolean {
  const { entry, keyPem } = withoutKey(checkedConfigEntry(given));
  const stored = transaction.get('config-entries', configEntryKey(entry.kind, entry.name));
  if (!holds(options, stored)) return false;
  if (stored && deepEqual(stored.entry, entry)) return true;
  checkAgainstState(transaction, entry, stored?.entry, options.newLegacyId);
  if (entry.kind === 'inline-certificate') storeKey(transaction, entry, keyPem);
  const before = entry.kind === 'service-intentions' ? intentionState(transaction, entry.name) : undefined;
  const change = { kind: entry.kind, name: entry.name, before: stored?.entry, after: entry };
  const graph = graphBefore(transaction, change);
  const links = linksBefore(transaction, change);
  transaction.guard(CONFIG_ENTRIES_FAMILY);
  transaction.put('config-entries', { entry, hash: configEntryHash(entry) });
  checkGraph(transaction, change, graph);
  if (before) revokeNarrowed(transaction, entry.name, before);
  revokeTokens(transaction, change);
  if (NAMING_KINDS.has(entry.kind) && entry.name !== '*') ensureVirtualIp(transaction, entry.name);
  relink(transaction, change, links);
  noteTransitions(transaction, change, graph.services);
  return true;
}

/** Whether the condition of a write or delete holds for the stored entry. */
export function holds({ cas }: EntryCondition, stored: ConfigEntryRecord | undefined): boolean {
  return cas === undefined || cas === (stored?.modifyIndex ?? 0);
}
