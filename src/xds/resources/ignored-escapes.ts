import type { CompiledChain } from '../../mesh/discovery-chain/index.js';
import { type MeshView, configEntryKey } from '../../model/index.js';
import { parseEscapeHatch } from './escape-hatch.js';
import type { UpstreamNeedsInput } from './upstreams/upstream-chain.js';

const KINDS = ['service-router', 'service-splitter', 'service-resolver'];

/**
 * Which escape hatches of an upstream are not followed, as sentences that name the entries concerned, so that those show them too.
 * They are for the plain upstream: with routes, splits or a resolver behind it there is no one cluster to replace. `chain` is
 * undefined for a prepared query, which has none.
 */
export function ignoredEscapes(
  view: MeshView,
  { upstream, transparent }: UpstreamNeedsInput,
  chain: CompiledChain | undefined,
): readonly string[] {
  const { id, envoyClusterJson, envoyListenerJson, escapesFrom } = upstream;
  const given = [
    ['envoy_cluster_json', envoyClusterJson, 'envoy.config.cluster.v3.Cluster'],
    ['envoy_listener_json', envoyListenerJson, 'envoy.config.listener.v3.Listener'],
  ] as const;
  return given.flatMap(([key, text, type]) => {
    if (text === '') return [];
    const ignored = `upstream ${id}: ${key}${escapesFrom === undefined ? '' : ` of ${escapesFrom}`} is ignored`;
    if (transparent && key === 'envoy_listener_json')
      return [`${ignored}: it has no listener of its own, being called by its virtual address`];
    if (chain?.default === false) return [`${ignored} while ${appliedTo(view, chain.serviceName)} applies to it`];
    const parsed = parseEscapeHatch(text, type);
    return 'problem' in parsed ? [`${ignored}: ${parsed.problem}`] : [];
  });
}

/** The entries that make a service's chain more than the service itself. */
function appliedTo(view: MeshView, service: string): string {
  const applied = KINDS.filter((kind) => view.get('config-entries', configEntryKey(kind, service)) !== undefined);
  return applied.length === 0
    ? 'a router, splitter or resolver'
    : applied.map((kind) => `${kind}/${service}`).join(' and ');
}
