import { type EnvoyMessages, type PackedAny, packAny } from '../../envoy-api/index.js';
import { parseEscapeHatch } from '../escape-hatch.js';

type Cluster = EnvoyMessages['envoy.config.cluster.v3.Cluster'];

/** What a cluster of ours would have had, and keeps where the user's own takes its place. */
export interface ReplacedCluster {
  /** The name that listeners and routes point at; the user's cluster gets it whatever it calls itself. */
  readonly name: string;
  /** Mutual TLS towards the destination; absent for the application beside the proxy. Replaces the user's. */
  readonly transportSocket?: NonNullable<Cluster['transport_socket']>;
}

/**
 * The user's own cluster (`envoy_cluster_json`, `envoy_local_cluster_json`, consul-behaviour 6.13) under our
 * name: listeners and routes point at that one, and a cluster of another name would never be reached. Or one sentence that says
 * why it cannot be used.
 */
export function escapedCluster(
  text: string,
  replaced: ReplacedCluster,
): { readonly name: string; readonly any: PackedAny; readonly usesEndpoints: boolean } | { readonly problem: string } {
  const parsed = parseEscapeHatch(text, 'envoy.config.cluster.v3.Cluster');
  if ('problem' in parsed) return parsed;
  const { name } = replaced;
  const socket = replaced.transportSocket ? { transport_socket: replaced.transportSocket } : {};
  const any = packAny('envoy.config.cluster.v3.Cluster', { ...parsed.message, name, ...socket });
  return { name, any, usesEndpoints: parsed.message.type === 'EDS' };
}
