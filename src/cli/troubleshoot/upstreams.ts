import { asList, asRecord, asText } from '../json.js';
import type { EnvoyFacts } from './envoy-admin.js';

/** An upstream as an Envoy has it. */
export interface FoundUpstream {
  /** Name of the listener before its address; of a transparent one that of its filter chain's cluster. */
  readonly name: string;
  /** Addresses that lead to it in a transparent proxy. */
  readonly addresses: readonly string[];
  readonly clusters: readonly string[];
}

const OUTBOUND_LISTENER = 'outbound_listener';
const PUBLIC_LISTENERS = /^(?:public_listener|exposed_path_)/;

/** The upstreams with a listener of their own. */
export function explicitUpstreams({ listeners }: EnvoyFacts): readonly FoundUpstream[] {
  return listeners
    .filter(({ name }) => !PUBLIC_LISTENERS.test(asText(name)) && !asText(name).startsWith(OUTBOUND_LISTENER))
    .map((listener) => ({
      name: asText(listener['name']).split(':')[0] ?? '',
      addresses: [],
      clusters: clustersIn(listener),
    }));
}

/** The upstreams that a transparent proxy knows by their addresses. */
export function transparentUpstreams({ listeners }: EnvoyFacts): readonly FoundUpstream[] {
  return listeners
    .filter(({ name }) => asText(name).startsWith(OUTBOUND_LISTENER))
    .flatMap((listener) => asList(listener['filter_chains']).map(asRecord))
    .map((chain) => {
      const ranges = asList(asRecord(chain['filter_chain_match'])['prefix_ranges']).map(asRecord);
      const clusters = clustersIn(chain);
      const [first = ''] = clusters;
      return {
        name: first.split('.')[0] ?? '',
        addresses: ranges.map((range) => asText(range['address_prefix'])),
        clusters,
      };
    })
    .filter(({ addresses }) => addresses.length > 0);
}

/** Every cluster that a part of the configuration names, once; route configurations are named by what they are for. */
function clustersIn(part: unknown): readonly string[] {
  const found = new Set<string>();
  const look = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) look(one);
    else if (typeof value === 'object' && value !== null)
      for (const [field, inner] of Object.entries(value)) {
        if ((field === 'cluster' || field === 'route_config_name') && typeof inner === 'string') found.add(inner);
        else look(inner);
      }
  };
  look(part);
  return [...found];
}
