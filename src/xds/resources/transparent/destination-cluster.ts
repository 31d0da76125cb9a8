import { trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import { serviceSpiffeId } from '../../../mesh/proxy/index.js';
import type { Builder } from '../builder.js';
import { meshCluster } from '../clusters/mesh-cluster.js';
import type { ClusterTuning } from '../upstreams/chain-input.js';

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;

export interface DestinationClusterInput extends ClusterTuning {
  readonly name: string;
  readonly service: string;
  readonly datacenter: string;
  readonly protocol: string;
  /** 0 = not given. */
  readonly connectTimeoutMs: number;
}

/**
 * The gateways that lead to one address outside the mesh: mutual TLS with the service's SPIFFE id, and an SNI that says which
 * address is meant (consul-behaviour 6.1, 6.4).
 */
export const destinationCluster: Builder<DestinationClusterInput> = (view, input) => {
  const { name, service, datacenter } = input;
  const trustDomain = trustDomainOf(view);
  if (trustDomain === '') return undefined;
  const built = meshCluster(
    view,
    {
      ...input,
      sni: name,
      spiffeIds: [serviceSpiffeId(trustDomain, datacenter, service)],
      connectTimeoutMs: input.connectTimeoutMs || DEFAULT_CONNECT_TIMEOUT_MS,
    },
    {},
  );
  return { ...built, entries: [`service-defaults/${service}`, ...(built.entries ?? [])] };
};
