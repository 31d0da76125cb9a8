import { entryOf, trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import { serviceSpiffeId } from '../../../mesh/proxy/index.js';
import { findQuery } from '../../../mesh/queries/index.js';
import type { MeshView } from '../../../model/index.js';
import { packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import type { ClusterTuning } from '../upstreams/chain-input.js';
import { durationOf, fetchSource } from '../config-sources.js';
import { escapedCluster } from '../clusters/escaped-cluster.js';
import { circuitBreakers } from '../clusters/limits.js';
import { outlierDetection } from '../clusters/outlier-detection.js';
import { http2Options } from '../clusters/service-cluster.js';
import { LEAF_SECRET, ROOTS_SECRET } from '../spec.js';
import { upstreamTlsSocket } from '../secrets/tls.js';

/** A prepared query as an upstream's destination. */
export interface QueryInput {
  /** Name of the query. */
  readonly query: string;
  /** Where it is carried out. */
  readonly datacenter: string;
}

export type QueryClusterInput = QueryInput &
  ClusterTuning & {
    readonly name: string;
    readonly protocol: string;
    readonly connectTimeoutMs: number;
    /** `envoy_cluster_json` of the upstream: it takes the generated cluster's place. */
    readonly clusterJson?: string;
  };

const MAX_SNI_BYTES = 255;

/** `<name>.default.<dc>.query.<trust domain>` (consul-behaviour 6.1). */
export const queryClusterName = ({ query, datacenter }: QueryInput, trustDomain: string): string =>
  `${query}.default.${datacenter}.query.${trustDomain}`;

/**
 * The cluster of a prepared query: EDS over ADS, mutual TLS with exactly the SPIFFE ids of the service that it asks for, here and
 * where it fails over to (consul-behaviour 6.4). They follow from the definition, so that instances come and go without a change.
 */
export const queryCluster: Builder<QueryClusterInput> = (view, input) => {
  const trustDomain = trustDomainOf(view);
  if (trustDomain === '') return undefined;
  const { name } = input;
  const ids = datacentersOf(view, input).map((datacenter) =>
    serviceSpiffeId(trustDomain, datacenter, queriedService(view, input.query)),
  );
  // Nothing is told apart by a server name that TLS has no room for.
  const sni = new TextEncoder().encode(name).length > MAX_SNI_BYTES ? '' : name;
  const socket = upstreamTlsSocket(sni, ids, entryOf(view, 'mesh', 'mesh')?.tls?.outgoing);
  const references = [
    { type: 'endpoint', name },
    { type: 'secret', name: LEAF_SECRET },
    { type: 'secret', name: ROOTS_SECRET },
  ] as const;
  const escaped =
    input.clusterJson === undefined ? undefined : escapedCluster(input.clusterJson, { name, transportSocket: socket });
  if (escaped && 'any' in escaped)
    return { name, any: escaped.any, references: references.slice(escaped.usesEndpoints ? 0 : 1) };
  const any = packAny('envoy.config.cluster.v3.Cluster', {
    name,
    type: 'EDS',
    eds_cluster_config: { eds_config: fetchSource(input.fetchTimeoutMs) },
    connect_timeout: durationOf(input.connectTimeoutMs),
    circuit_breakers: circuitBreakers(input.limits),
    outlier_detection: outlierDetection(input.passiveHealthCheck),
    transport_socket: socket,
    ...http2Options(input.protocol),
  });
  return { name, any, references };
};

/** The service that a query asks for; for one that cannot be carried out its own name, which no endpoint will have to prove. */
export function queriedService(view: MeshView, query: string): string {
  const found = findQuery(view, query);
  return found.type === 'found' ? found.service.service : query;
}

function datacentersOf(view: MeshView, { query, datacenter }: QueryInput): readonly string[] {
  const found = findQuery(view, query);
  if (found.type !== 'found') return [datacenter];
  const { datacenters, targets } = found.service.failover;
  const others = targets?.map((target) => target.datacenter) ?? datacenters ?? [];
  return [...new Set([datacenter, ...others.filter((one) => one !== '')])];
}
