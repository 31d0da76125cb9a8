import { fitsServerName, trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import { serviceSpiffeId } from '../../../mesh/proxy/index.js';
import { findQuery } from '../../../mesh/queries/index.js';
import type { MeshView } from '../../../model/index.js';
import type { Builder } from '../builder.js';
import { meshCluster } from '../clusters/mesh-cluster.js';
import type { ClusterTuning } from '../upstreams/chain-input.js';

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
  return meshCluster(view, { ...input, sni: fitsServerName(name) ? name : '', spiffeIds: ids });
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
