import { entryOf, trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import { serviceSpiffeId, targetEndpointsKey } from '../../../mesh/proxy/index.js';
import { type DirectInstance, directInstancesCell } from '../../../mesh/transparent-proxy/index.js';
import type { Cell } from '../../../model/index.js';
import { packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import { chainOf } from '../upstreams/chain-input.js';
import { durationOf } from '../config-sources.js';
import { LEAF_SECRET, ROOTS_SECRET } from '../spec.js';
import { upstreamTlsSocket } from '../secrets/tls.js';

const CONNECT_TIMEOUT_MS = 5000;

/** Name of the cluster that leads to wherever the caller was going. */
export const ORIGINAL_DESTINATION = 'original-destination';

/** To wherever the caller was going, as it came: for what is not in the mesh (consul-behaviour 6.4). */
export const originalDestinationCluster: Builder<{ readonly name: typeof ORIGINAL_DESTINATION }> = () => ({
  name: ORIGINAL_DESTINATION,
  any: packAny('envoy.config.cluster.v3.Cluster', { name: ORIGINAL_DESTINATION, ...originalDestination }),
});

const originalDestination = {
  type: 'ORIGINAL_DST',
  lb_policy: 'CLUSTER_PROVIDED',
  connect_timeout: durationOf(CONNECT_TIMEOUT_MS),
} as const;

/** A target whose instances may be dialled by their own addresses. */
export interface PassthroughTarget {
  readonly service: string;
  readonly datacenter: string;
  readonly sni: string;
  readonly instances: readonly DirectInstance[];
}

export interface PassthroughClusterInput extends Omit<PassthroughTarget, 'instances'> {
  readonly name: string;
}

/** To the instance that the caller dials, with mutual TLS of its service (consul-behaviour 6.1, 6.4). */
export const passthroughCluster: Builder<PassthroughClusterInput> = (view, { name, service, datacenter, sni }) => {
  const trustDomain = trustDomainOf(view);
  if (trustDomain === '') return undefined;
  const spiffeId = serviceSpiffeId(trustDomain, datacenter, service);
  const any = packAny('envoy.config.cluster.v3.Cluster', {
    name,
    ...originalDestination,
    transport_socket: upstreamTlsSocket(sni, [spiffeId], entryOf(view, 'mesh', 'mesh')?.tls?.outgoing),
  });
  return {
    name,
    any,
    references: [
      { type: 'secret', name: LEAF_SECRET },
      { type: 'secret', name: ROOTS_SECRET },
    ],
    entries: [`service-defaults/${service}`],
  };
};

/** `passthrough~<sni>`. */
export function passthroughInput({ service, datacenter, sni }: PassthroughTarget): PassthroughClusterInput {
  return { name: `passthrough~${sni}`, service, datacenter, sni };
}

/** The targets of a chain that have instances to be dialled directly. Key: as `discoveryChainCell`. */
export const passthroughTargetsCell: Cell<readonly PassthroughTarget[]> = {
  kind: 'passthrough-targets',
  compute(view, key) {
    const targets = Object.values(chainOf(view, key)?.targets ?? {});
    return targets.flatMap(({ service, datacenter, sni, peer, external, subset }) => {
      if (peer !== '' || external) return [];
      const { filter, onlyPassing } = subset;
      const selection = targetEndpointsKey({ service, datacenter, filter, onlyPassing });
      const instances = view.cell(directInstancesCell, selection);
      return instances.length === 0 ? [] : [{ service, datacenter, sni, instances }];
    });
  },
};
