import { packAny } from '../../envoy-api/index.js';
import { entryOf, trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import { targetSpiffeId } from '../../../mesh/proxy/index.js';
import type { Builder } from '../builder.js';
import {
  baseClusterName,
  type ChainTargetInput,
  type ClusterTuning,
  failoverClusterName,
  targetOf,
} from '../upstreams/chain-input.js';
import { durationOf, fetchSource } from '../config-sources.js';
import { escapedCluster } from './escaped-cluster.js';
import { circuitBreakers } from './limits.js';
import { loadBalancing } from './load-balancing.js';
import { outlierDetection } from './outlier-detection.js';
import { LEAF_SECRET, ROOTS_SECRET } from '../spec.js';
import { upstreamTlsSocket } from '../secrets/tls.js';

export type ServiceClusterInput = ChainTargetInput &
  ClusterTuning & {
    readonly name: string;
    /** `envoy_cluster_json` of the upstream, where it applies: it takes the generated cluster's place. */
    readonly clusterJson?: string;
  };

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Whether requests of this protocol are HTTP/2. */
export const usesHttp2 = (protocol: string): boolean => protocol === 'http2' || protocol === 'grpc';

/** HTTP/2 towards the destination's sidecar, for chains whose requests are HTTP/2 (consul-behaviour 6.4). */
export function http2Options(protocol: string) {
  if (!usesHttp2(protocol)) return {};
  const options = packAny(HTTP_OPTIONS, { explicit_http_config: { http2_protocol_options: {} } });
  return { typed_extension_protocol_options: { [HTTP_OPTIONS]: options } };
}

/** The cluster of one target: EDS over ADS, mutual TLS with exactly the target's SPIFFE id (consul-behaviour 6.4). */
export const serviceCluster: Builder<ServiceClusterInput> = (view, input) => {
  const found = targetOf(view, input);
  const trustDomain = trustDomainOf(view);
  if (found === undefined || trustDomain === '') return undefined;
  const { chain, node, target } = found;
  const primary = chain.targets[node.resolver.target] ?? target;
  const base = baseClusterName(chain, input.failover === undefined ? target : primary);
  const name = input.failover === undefined ? base : failoverClusterName(input.failover, base);
  const spiffeId = targetSpiffeId(trustDomain, target);
  const tls = entryOf(view, 'mesh', 'mesh')?.tls?.outgoing;
  const entries = tls ? ['mesh/mesh'] : [];
  const socket = upstreamTlsSocket(target.sni, [spiffeId], tls);
  const references = [
    { type: 'endpoint', name },
    { type: 'secret', name: LEAF_SECRET },
    { type: 'secret', name: ROOTS_SECRET },
  ] as const;
  const escaped =
    input.clusterJson === undefined ? undefined : escapedCluster(input.clusterJson, { name, transportSocket: socket });
  if (escaped && 'any' in escaped)
    return { name, any: escaped.any, entries, references: references.slice(escaped.usesEndpoints ? 0 : 1) };
  const any = packAny('envoy.config.cluster.v3.Cluster', {
    name,
    alt_stat_name: name,
    type: 'EDS',
    eds_cluster_config: { eds_config: fetchSource(input.fetchTimeoutMs) },
    connect_timeout: durationOf(node.resolver.connectTimeoutMs),
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    circuit_breakers: circuitBreakers(input.limits),
    outlier_detection: outlierDetection(input.passiveHealthCheck),
    transport_socket: socket,
    ...loadBalancing(node.loadBalancer),
    ...http2Options(chain.protocol),
  });
  return { name, any, entries, references };
};
