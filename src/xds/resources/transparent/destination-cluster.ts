import { entryOf, trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import { serviceSpiffeId } from '../../../mesh/proxy/index.js';
import { packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import type { ClusterTuning } from '../upstreams/chain-input.js';
import { durationOf, fetchSource } from '../config-sources.js';
import { circuitBreakers } from '../clusters/limits.js';
import { outlierDetection } from '../clusters/outlier-detection.js';
import { http2Options } from '../clusters/service-cluster.js';
import { LEAF_SECRET, ROOTS_SECRET } from '../spec.js';
import { upstreamTlsSocket } from '../secrets/tls.js';

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
  const { name, service, datacenter, protocol } = input;
  const trustDomain = trustDomainOf(view);
  if (trustDomain === '') return undefined;
  const spiffeId = serviceSpiffeId(trustDomain, datacenter, service);
  const any = packAny('envoy.config.cluster.v3.Cluster', {
    name,
    alt_stat_name: name,
    type: 'EDS',
    eds_cluster_config: { eds_config: fetchSource(input.fetchTimeoutMs) },
    connect_timeout: durationOf(input.connectTimeoutMs || DEFAULT_CONNECT_TIMEOUT_MS),
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    circuit_breakers: circuitBreakers(input.limits),
    outlier_detection: outlierDetection(input.passiveHealthCheck),
    transport_socket: upstreamTlsSocket(name, [spiffeId], entryOf(view, 'mesh', 'mesh')?.tls?.outgoing),
    ...http2Options(protocol),
  });
  return {
    name,
    any,
    references: [
      { type: 'endpoint', name },
      { type: 'secret', name: LEAF_SECRET },
      { type: 'secret', name: ROOTS_SECRET },
    ],
    entries: [`service-defaults/${service}`],
  };
};
