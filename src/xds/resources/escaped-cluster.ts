import { type EnvoyMessages, type PackedAny, packAny } from '../envoy-api/index.js';
import { parseEscapeHatch } from './escape-hatch.js';

type Cluster = EnvoyMessages['envoy.config.cluster.v3.Cluster'];

/** What a cluster of ours would have had, and keeps where the user's own takes its place. */
export interface ReplacedCluster {
  /** Used when the user's cluster has no name. */
  readonly name: string;
  /** Mutual TLS towards the destination; absent for the application beside the proxy. Replaces the user's. */
  readonly transportSocket?: NonNullable<Cluster['transport_socket']>;
}

/**
 * The user's own cluster (`envoy_cluster_json`, `envoy_local_cluster_json`, consul-behaviour 6.13): it keeps its name, as in
 * Consul, so that a listener may point at a cluster that is not sent. Or one sentence that says why it cannot be used.
 */
export function escapedCluster(
  text: string,
  replaced: ReplacedCluster,
): { readonly name: string; readonly any: PackedAny } | { readonly problem: string } {
  const parsed = parseEscapeHatch(text, 'envoy.config.cluster.v3.Cluster');
  if ('problem' in parsed) return parsed;
  const name = parsed.message.name || replaced.name;
  const socket = replaced.transportSocket ? { transport_socket: replaced.transportSocket } : {};
  return { name, any: packAny('envoy.config.cluster.v3.Cluster', { ...parsed.message, name, ...socket }) };
}
