import { ipVersion } from '../../core/index.js';
import { packAny } from '../envoy-api/index.js';
import { type TargetEndpoint, targetEndpointsCell, targetEndpointsKey } from '../../mesh/proxy/index.js';
import type { Builder } from './builder.js';
import { type ChainTargetInput, targetOf } from './chain-input.js';

/**
 * The endpoints of one target; an assignment without any when there are none, never a removal. Instances whose address is a
 * host name are left out: Envoy refuses names in EDS. Targets in other datacenters have no endpoints here.
 */
export const endpoints: Builder<ChainTargetInput & { readonly name: string }> = (view, input) => {
  const found = targetOf(view, input);
  if (found === undefined) return undefined;
  const { service, datacenter, peer, subset } = found.target;
  const key = targetEndpointsKey({ service, datacenter, filter: subset.filter, onlyPassing: subset.onlyPassing });
  const known = peer === '' ? view.cell(targetEndpointsCell, key) : [];
  const any = packAny('envoy.config.endpoint.v3.ClusterLoadAssignment', {
    cluster_name: input.name,
    endpoints: [{ lb_endpoints: known.filter(isUsable).map(toEndpoint) }],
  });
  return { name: input.name, any };
};

function isUsable(endpoint: TargetEndpoint): boolean {
  return endpoint.socketPath !== '' || ipVersion(endpoint.address) !== undefined;
}

function toEndpoint(endpoint: TargetEndpoint) {
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
