import { jsonKeyInput } from '../../../core/index.js';
import type { Cell, MeshView } from '../../../model/index.js';
import { entryOf, localityPreference, trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import type { ResolvedUpstream } from '../../../mesh/proxy/index.js';
import { findQuery } from '../../../mesh/queries/index.js';
import { parseEscapeHatch } from '../escape-hatch.js';
import { ignoredEscapes } from '../ignored-escapes.js';
import type { TrafficPlace } from '../extensions/index.js';
import { type QueryClusterInput, queriedService, queryClusterName } from './query-cluster.js';
import type { QueryListenerInput } from './query-listener.js';
import { type NeededResource, needed } from '../resource-cell.js';
import type { UpstreamNeedsInput } from '../upstreams/upstream-chain.js';
import { type UpstreamNeeds, clusterTuning, outboundListenerInput } from '../upstreams/upstream-needs-input.js';

/** Where a query's own timeout would be (consul-behaviour 5.2, 6). */
const DEFAULT_CONNECT_TIMEOUT_MS = 5000;

/**
 * The resources of an upstream that is a prepared query, shared by all proxies that call it the same way. Its listener is there
 * whether the query is or not, so that nothing has to start again once it is. Key: canonical JSON of `UpstreamNeedsInput`.
 */
export const queryNeedsCell: Cell<UpstreamNeeds> = {
  kind: 'query-needs',
  compute(view, key) {
    const input = jsonKeyInput<UpstreamNeedsInput>(key);
    const { upstream } = input;
    const { destinationName: query, datacenter, protocol } = upstream;
    const name = queryClusterName({ query, datacenter }, trustDomainOf(view));
    const listener: QueryListenerInput = {
      ...outboundListenerInput(input),
      query,
      cluster: name,
      protocol,
      ...(upstream.envoyListenerJson === '' ? {} : { listenerJson: upstream.envoyListenerJson }),
    };
    const found = findQuery(view, query);
    return {
      resources: [
        ...clusterNeeds(view, name, input),
        needed('query-listener', listener, { ...placeOf(upstream), resource: 'listener' }),
      ],
      listener: { builder: 'query-listener', input: listener },
      cluster: { name, protocol },
      destinations: [queriedService(view, query)],
      problems: [
        ...(found.type === 'none'
          ? [`upstream ${upstream.id}: there is no prepared query "${query}", nothing is reached until there is one`]
          : []),
        ...(found.type === 'unusable' ? [`upstream ${upstream.id}: ${found.problem}`] : []),
        ...ignoredEscapes(view, input, undefined),
      ],
    };
  },
};

/** What it leads to is no service that extensions could name: only those of the proxy itself apply. */
const placeOf = ({ id, protocol }: ResolvedUpstream): TrafficPlace => ({
  direction: 'outbound',
  service: id,
  protocol,
});

function clusterNeeds(view: MeshView, name: string, input: UpstreamNeedsInput): NeededResource[] {
  const { destinationName: query, datacenter, protocol, connectTimeoutMs, envoyClusterJson } = input.upstream;
  const place = placeOf(input.upstream);
  const settings: QueryClusterInput = {
    name,
    query,
    datacenter,
    protocol,
    connectTimeoutMs: connectTimeoutMs || DEFAULT_CONNECT_TIMEOUT_MS,
    ...clusterTuning(input),
    ...(envoyClusterJson === '' ? {} : { clusterJson: envoyClusterJson }),
  };
  const cluster = needed('query-cluster', settings, { ...place, resource: 'cluster' });
  const escaped =
    envoyClusterJson === '' ? undefined : parseEscapeHatch(envoyClusterJson, 'envoy.config.cluster.v3.Cluster');
  if (escaped && 'message' in escaped && escaped.message.type !== 'EDS') return [cluster];
  const endpoints = needed('query-endpoints', { name, query, datacenter }, { ...place, resource: 'endpoint' });
  const isNear =
    localityPreference(view, entryOf(view, 'service-resolver', queriedService(view, query)))?.mode === 'failover';
  return [cluster, isNear ? { ...endpoints, byLocality: true } : endpoints];
}
