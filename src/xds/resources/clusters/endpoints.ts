import { ipVersion } from '../../../core/index.js';
import { packAny } from '../../envoy-api/index.js';
import type { ChainTarget } from '../../../mesh/discovery-chain/index.js';
import {
  type TargetEndpoint,
  type TargetSelection,
  targetEndpointsCell,
  targetEndpointsKey,
} from '../../../mesh/proxy/index.js';
import type { Locality } from '../../../model/index.js';
import type { Builder } from '../builder.js';
import { type PlacedEndpoints, byLocality } from './locality-priorities.js';

/** Which instances a cluster's endpoints are: the same for every chain that leads to them. */
export interface EndpointsInput extends Omit<TargetSelection, 'plain'> {
  readonly name: string;
  /** The peer that has them; empty = this mesh. */
  readonly peer: string;
  /** A member of a list of failover targets: the next one takes over when none of these is healthy, and not before. */
  readonly failover?: true;
  /** Where the caller is, when it prefers instances that are near. */
  readonly from?: Locality;
}

/**
 * Envoy sends a share of the requests on to the next priority as soon as fewer than 1/1.4 of the endpoints are healthy. With this
 * factor one healthy endpoint among a thousand keeps them all (consul-behaviour 6.5).
 */
const NO_SPILLING = 100_000;

/** The endpoints of a target of a chain, under the name of its cluster; `inFailover`: it is one of several failover targets. */
export function endpointsInput(name: string, target: ChainTarget, inFailover: boolean): EndpointsInput {
  const { service, datacenter, peer, subset } = target;
  return {
    datacenter,
    ...(inFailover ? { failover: true as const } : {}),
    filter: subset.filter,
    name,
    onlyPassing: subset.onlyPassing,
    peer,
    service,
  };
}

/**
 * The endpoints of one target; an assignment without any when there are none, never a removal. Instances whose address is a
 * host name are left out: Envoy refuses names in EDS. Targets in other datacenters and of peers have no endpoints here.
 */
export const endpoints: Builder<EndpointsInput> = (view, { name, peer, failover, from, ...selection }) => {
  const known = peer === '' ? view.cell(targetEndpointsCell, targetEndpointsKey(selection)) : [];
  const any = packAny('envoy.config.endpoint.v3.ClusterLoadAssignment', {
    cluster_name: name,
    ...placedEndpoints(known.filter(isUsable), from, failover),
  });
  return { name, any, entries: selection.filter === '' ? [] : [`service-resolver/${selection.service}`] };
};

/** The fields of an assignment with these endpoints; `from`: where a caller is that prefers those near it. */
export function placedEndpoints(usable: readonly TargetEndpoint[], from: Locality | undefined, failover?: true) {
  return {
    endpoints: from ? byLocality(usable, from).map(toPlace) : [{ lb_endpoints: usable.map(toEndpoint) }],
    ...(failover || from ? { policy: { overprovisioning_factor: { value: NO_SPILLING } } } : {}),
  };
}

function toPlace({ locality, priority, endpoints: placed }: PlacedEndpoints) {
  return {
    ...(locality ? { locality: { region: locality.region, zone: locality.zone } } : {}),
    priority,
    lb_endpoints: placed.map(toEndpoint),
  };
}

/** Whether Envoy can be told of an endpoint. */
export function isUsable(endpoint: TargetEndpoint): boolean {
  return endpoint.socketPath !== '' || ipVersion(endpoint.address) !== undefined;
}

/** An endpoint as Envoy wants it, with health and weight. */
export function toEndpoint(endpoint: TargetEndpoint) {
  const address =
    endpoint.socketPath === ''
      ? { socket_address: { address: endpoint.address, port_value: endpoint.port } }
      : { pipe: { path: endpoint.socketPath } };
  return {
    endpoint: { address },
    health_status: endpoint.healthy ? ('HEALTHY' as const) : ('UNHEALTHY' as const),
    load_balancing_weight: { value: endpoint.weight },
  };
}
