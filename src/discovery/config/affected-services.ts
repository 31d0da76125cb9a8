import { type ConfigEntryKind, type MeshView, configEntryReferences } from '../../model/index.js';

/** Kinds of entries that chains are compiled from, and of these, those that lead on to other services. */
const CHAIN_KINDS: readonly ConfigEntryKind[] = [
  'service-defaults',
  'service-router',
  'service-splitter',
  'service-resolver',
];
const LEADING_KINDS: readonly ConfigEntryKind[] = ['service-router', 'service-splitter', 'service-resolver'];

/**
 * Services whose chain may change with an entry: its own first, then, by name, all that lead to it over any number of steps. An
 * entry about all proxies concerns every service that has entries.
 */
export function affectedServices(view: MeshView, kind: ConfigEntryKind, name: string): readonly string[] {
  if (kind === 'proxy-defaults') return servicesWithEntries(view);
  if (!CHAIN_KINDS.includes(kind)) return [];
  const referrers = referrersByService(view);
  const found = new Set<string>([name]);
  // A set hands out what is added while it is walked.
  for (const service of found) for (const referrer of referrers.get(service) ?? []) found.add(referrer);
  found.delete(name);
  return [name, ...[...found].sort()];
}

function servicesWithEntries(view: MeshView): readonly string[] {
  const names = CHAIN_KINDS.flatMap((kind) =>
    view.range('config-entries', 'byKind', [kind]).map(({ entry }) => entry.name),
  );
  return [...new Set(names)].sort();
}

function referrersByService(view: MeshView): ReadonlyMap<string, readonly string[]> {
  const referrers = new Map<string, string[]>();
  for (const kind of LEADING_KINDS)
    for (const { entry } of view.range('config-entries', 'byKind', [kind]))
      for (const service of configEntryReferences(entry))
        referrers.set(service, [...(referrers.get(service) ?? []), entry.name]);
  return referrers;
}
