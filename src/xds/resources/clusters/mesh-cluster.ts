import { entryOf } from '../../../mesh/discovery-chain/index.js';
import type { LoadBalancer, MeshView } from '../../../model/index.js';
import { packAny } from '../../envoy-api/index.js';
import type { BuiltResource } from '../builder.js';
import { durationOf, fetchSource } from '../config-sources.js';
import { upstreamTlsSocket } from '../secrets/tls.js';
import { LEAF_SECRET, ROOTS_SECRET } from '../spec.js';
import type { ClusterTuning } from '../upstreams/chain-input.js';
import { escapedCluster } from './escaped-cluster.js';
import { http2Options } from './http2-options.js';
import { circuitBreakers } from './limits.js';
import { loadBalancing } from './load-balancing.js';
import { outlierDetection } from './outlier-detection.js';

/** Whom a cluster leads to, and how. */
export interface MeshClusterInput extends ClusterTuning {
  readonly name: string;
  /** Sent as TLS server name; empty = none. */
  readonly sni: string;
  /** Exactly these are accepted of whoever answers. */
  readonly spiffeIds: readonly string[];
  readonly protocol: string;
  readonly connectTimeoutMs: number;
  /** `envoy_cluster_json` of the upstream, where it applies: it takes the generated cluster's place. */
  readonly clusterJson?: string | undefined;
}

/** What the cluster of one target has besides: statistics under its name, and no endpoint that is not healthy. */
export interface TargetCluster {
  readonly loadBalancer?: LoadBalancer | undefined;
}

/**
 * A cluster of instances in the mesh: EDS over ADS, mutual TLS with exactly the given SPIFFE ids (consul-behaviour 6.4).
 */
export function meshCluster(view: MeshView, input: MeshClusterInput, ofTarget?: TargetCluster): BuiltResource {
  const { name } = input;
  const tls = entryOf(view, 'mesh', 'mesh')?.tls?.outgoing;
  const entries = tls ? ['mesh/mesh'] : [];
  const socket = upstreamTlsSocket(input.sni, input.spiffeIds, tls);
  const references = [
    { type: 'endpoint', name },
    { type: 'secret', name: LEAF_SECRET },
    { type: 'secret', name: ROOTS_SECRET },
  ] as const;
  const escaped =
    input.clusterJson === undefined ? undefined : escapedCluster(input.clusterJson, { name, transportSocket: socket });
  if (escaped && 'any' in escaped)
    return { name, any: escaped.any, entries, references: references.slice(escaped.usesEndpoints ? 0 : 1) };
  const cluster = {
    name,
    type: 'EDS' as const,
    eds_cluster_config: { eds_config: fetchSource(input.fetchTimeoutMs) },
    connect_timeout: durationOf(input.connectTimeoutMs),
    circuit_breakers: circuitBreakers(input.limits),
    outlier_detection: outlierDetection(input.passiveHealthCheck),
    transport_socket: socket,
    common_lb_config: ofTarget && NO_PANIC,
    alt_stat_name: ofTarget && name,
    typed_extension_protocol_options: http2Options(input.protocol),
  };
  const balancing = ofTarget?.loadBalancer && loadBalancing(ofTarget.loadBalancer);
  const any = packAny('envoy.config.cluster.v3.Cluster', balancing ? { ...cluster, ...balancing } : cluster);
  return { name, any, entries, references };
}

/** No endpoint is called that is not healthy, however few are left. */
const NO_PANIC = { healthy_panic_threshold: { value: 0 } } as const;
