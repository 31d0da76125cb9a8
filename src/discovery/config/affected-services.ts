import type { ConfigEntry, ConfigEntryKind, MeshView } from '../../model/index.js';

/** Kinds of entries that chains are compiled from, and of these, those that lead on to other services. */
const CHAIN_KINDS: readonly ConfigEntryKind[] = [
  'service-defaults',
  'service-router',
  'service-splitter',
  'service-resolver',
];
const LEADING_KINDS: readonly ConfigEntryKind[] = ['service-router', 'service-splitter', 'service-resolver'];

/** An entry that is written or deleted: what there was and what there will be; undefined = no entry. */
export interface EntryChange {
  readonly kind: ConfigEntryKind;
  readonly name: string;
  readonly before: ConfigEntry | undefined;
  readonly after: ConfigEntry | undefined;
}

/**
 * Services whose chain may be broken by a change of an entry: its own first, then, by name, all that lead to it over any number of
 * steps. A change of the common protocol concerns every service that has entries. None when nothing changes that chains can break by.
 */
export function affectedServices(view: MeshView, change: EntryChange): readonly string[] {
  if (change.kind === 'exported-services' || !changesChains(change)) return [];
  return change.kind === 'proxy-defaults' ? servicesWithEntries(view) : withReferrers(view, change.name);
}

/** Every service that has an entry of its own of a kind that chains are made of, by name. */
export function servicesWithEntries(view: MeshView): readonly string[] {
  const names = CHAIN_KINDS.flatMap((kind) =>
    view.range('config-entries', 'byKind', [kind]).map(({ entry }) => entry.name),
  );
  return [...new Set(names)].sort();
}

/** A service and, by name, all whose chain leads to it. */
export function withReferrers(view: MeshView, name: string): readonly string[] {
  const found = new Set<string>([name]);
  // A set hands out what is added while it is walked.
  for (const service of found)
    for (const { entry } of view.range('config-entries', 'byReference', [service]))
      if (LEADING_KINDS.includes(entry.kind)) found.add(entry.name);
  found.delete(name);
  return [name, ...[...found].sort()];
}

/** Whether a change can break a chain. Of the defaults, only protocols and the name of an outside service decide whether a chain compiles. */
export function changesChains({ kind, before, after }: EntryChange): boolean {
  if (kind === 'proxy-defaults') return commonProtocol(before) !== commonProtocol(after);
  if (before?.kind === 'service-defaults' && after?.kind === 'service-defaults')
    return before.protocol !== after.protocol || before.externalSni !== after.externalSni;
  return CHAIN_KINDS.includes(kind);
}

function commonProtocol(entry: ConfigEntry | undefined): unknown {
  return entry?.kind === 'proxy-defaults' ? entry.config?.['protocol'] : undefined;
}
