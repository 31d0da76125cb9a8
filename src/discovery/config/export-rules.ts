import { AppError } from '../../core/index.js';
import { compileChain, isHttpLike } from '../../mesh/discovery-chain/index.js';
import { isExported } from '../../mesh/exports/index.js';
import type { MeshView } from '../../model/index.js';

/** A datacenter that no entry can name, so that every target in a named one is elsewhere. */
const HERE = '\u0001here';

/** Service -> ids of the targets of its chain, of those exported services whose importers know the targets by name: tcp ones. */
export type ExportedTargets = ReadonlyMap<string, ReadonlySet<string>>;

/** The targets of the exported tcp services among these, before a write; see `checkExports`. */
export function exportedTcpTargets(view: MeshView, services: readonly string[]): ExportedTargets {
  const found = new Map<string, ReadonlySet<string>>();
  for (const service of services.filter((name) => isExported(view, name))) {
    const result = compileHere(view, service);
    if (result.ok && !isHttpLike(result.chain.protocol)) found.set(service, new Set(Object.keys(result.chain.targets)));
  }
  return found;
}

/**
 * Refuses what importers of exported services could not follow (consul-behaviour 4.12): a chain that leads out of this datacenter,
 * and a tcp chain with other targets than before. `view` shows the state as it would be. Throws AppError('invalidArgument').
 */
export function checkExports(view: MeshView, services: readonly string[], before: ExportedTargets): void {
  for (const service of services.filter((name) => isExported(view, name))) {
    const result = compileHere(view, service);
    if (!result.ok) continue;
    const targets = Object.values(result.chain.targets);
    const away = targets.find(({ datacenter, peer }) => peer !== '' || datacenter !== HERE);
    if (away !== undefined)
      throw new AppError(
        'invalidArgument',
        `service "${service}" is exported and cannot have ${away.peer === '' ? `cross-datacenter targets (datacenter "${away.datacenter}")` : `targets at peers ("${away.peer}")`}: ` +
          'take them out of its chain, or the service out of exported-services',
      );
    const known = before.get(service);
    const added = known && !isHttpLike(result.chain.protocol) && targets.find(({ id }) => !known.has(id));
    if (added)
      throw new AppError(
        'invalidArgument',
        `service "${service}" is exported and speaks tcp: its importers cannot be given new discovery chain targets like "${added.service}"`,
      );
  }
}

function compileHere(view: MeshView, service: string): ReturnType<typeof compileChain> {
  return compileChain(view, { service, evaluateInDatacenter: HERE, overrides: {} });
}
