import { AppError } from '../../core/index.js';
import { checkFilter } from '../../lang/filter/index.js';
import { entryOf } from '../../mesh/discovery-chain/index.js';
import { listedProblems } from '../../model/config-entries/rules/problems.js';
import type {
  ConfigEntry,
  ConfigEntryKind,
  MeshView,
  ProxyDefaultsEntry,
  ServiceDefaultsEntry,
  ServiceIntentionsEntry,
  ServiceResolverEntry,
} from '../../model/index.js';
import { entryEscapeProblems, extensionProblems } from '../../xds/resources/index.js';
import { instanceHealthFilterType } from '../catalog/index.js';

/**
 * Rules about an entry that need the stored state: the entry it replaces and the entries it depends on. `view` shows the state
 * before the write. Throws AppError.
 */
export function checkAgainstState(
  view: MeshView,
  entry: ConfigEntry,
  replaced: ConfigEntry | undefined,
  newLegacyId?: string,
): void {
  if (entry.kind === 'proxy-defaults' || entry.kind === 'service-defaults') {
    checkPermissiveTls(view, entry, replaced);
    checkExtensions(entry);
    checkEscapeHatches(entry);
  }
  if (entry.kind === 'ingress-gateway') refuseOtherKind(view, entry, 'terminating-gateway');
  if (entry.kind === 'terminating-gateway') refuseOtherKind(view, entry, 'ingress-gateway');
  if (entry.kind === 'service-resolver') checkSubsetFilters(entry);
  if (entry.kind === 'service-intentions') checkLegacyFields(entry, replaced, newLegacyId);
}

/** A gateway of a name is either of these kinds (consul-behaviour 4.7). */
function refuseOtherKind(view: MeshView, { kind, name }: ConfigEntry, other: ConfigEntryKind): void {
  if (entryOf(view, other, name) === undefined) return;
  throw new AppError(
    'invalidArgument',
    `cannot create a "${kind}" config entry with name "${name}", a "${other}" config entry with that name already exists`,
  );
}

/** Permissive mutual TLS may only be switched on while the mesh entry allows it; where it is on it may stay. */
function checkPermissiveTls(
  view: MeshView,
  entry: ProxyDefaultsEntry | ServiceDefaultsEntry,
  replaced: ConfigEntry | undefined,
): void {
  if (entry.mutualTlsMode !== 'permissive') return;
  if (replaced?.kind === entry.kind && replaced.mutualTlsMode === 'permissive') return;
  if (entryOf(view, 'mesh', 'mesh')?.allowEnablingPermissiveMutualTls) return;
  throw new AppError(
    'invalidArgument',
    'MutualTLSMode: cannot set MutualTLSMode=permissive because AllowEnablingPermissiveMutualTLS=false in the mesh config entry',
  );
}

/** Arguments of extensions: everything that is wrong with them and can be known before a proxy has them. */
function checkExtensions({ envoyExtensions, kind }: ProxyDefaultsEntry | ServiceDefaultsEntry): void {
  const problem = listedProblems(extensionProblems(envoyExtensions, kind));
  if (problem !== undefined) throw new AppError('invalidArgument', problem);
}

/** What is meant for Envoy as it is must be what Envoy can read. */
function checkEscapeHatches(entry: ProxyDefaultsEntry | ServiceDefaultsEntry): void {
  const problem = listedProblems(entryEscapeProblems(entry));
  if (problem !== undefined) throw new AppError('invalidArgument', problem);
}

function checkSubsetFilters(entry: ServiceResolverEntry): void {
  for (const [name, { filter }] of Object.entries(entry.subsets)) {
    const problem = filter.trim() === '' ? undefined : checkFilter(filter, instanceHealthFilterType);
    if (problem !== undefined)
      throw new AppError(
        'invalidArgument',
        `Subsets[${JSON.stringify(name)}].Filter: Filter for subset "${name}" is not a valid expression: "${filter}": ${problem}`,
      );
  }
}

/** What the deprecated endpoints by ID keep in an entry can be carried along, not made up. */
function checkLegacyFields(
  entry: ServiceIntentionsEntry,
  replaced: ConfigEntry | undefined,
  newLegacyId: string | undefined,
): void {
  const known = new Set(
    replaced?.kind === 'service-intentions' ? replaced.sources.map(({ name, legacyId }) => `${legacyId} ${name}`) : [],
  );
  for (const [position, { name, legacyId }] of entry.sources.entries())
    if (legacyId !== '' && legacyId !== newLegacyId && !known.has(`${legacyId} ${name}`))
      throw new AppError('invalidArgument', `Sources[${position}].LegacyID must be omitted: it cannot be chosen`);
}
