import { decodeAnyDeep, type PackedAny } from '../../envoy-api/index.js';
import type { EncodedResource } from '../spec.js';

type References = EncodedResource['references'];

const AGGREGATE = 'type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig';

/**
 * Of the references a resource had, those that an extension has left in it. Extensions do not add any: what they need (a cluster
 * of their own, an upstream) is there without being asked for by name.
 */
export function remainingReferences(any: PackedAny, references: References): References {
  if (references.length === 0) return references;
  const message = decodeAnyDeep(any);
  const asked = new Set<string>();
  collect(message, asked);
  return references.filter(({ type, name }) => asked.has(`${type} ${name}`));
}

function collect(value: unknown, asked: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, asked);
    return;
  }
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return;
  const message = value as Readonly<Record<string, unknown>>;
  const name = typeof message['name'] === 'string' ? message['name'] : '';
  if (message['type'] === 'EDS') asked.add(`endpoint ${serviceName(message['eds_cluster_config']) || name}`);
  if (message['sds_config']) asked.add(`secret ${name}`);
  if (message['config_discovery']) asked.add(`extension ${name}`);
  if (typeof message['route_config_name'] === 'string') asked.add(`route ${message['route_config_name']}`);
  if (message['@type'] === AGGREGATE)
    for (const member of message['clusters'] as string[]) asked.add(`cluster ${member}`);
  for (const inner of Object.values(message)) collect(inner, asked);
}

function serviceName(config: unknown): string {
  const name = (config as { readonly service_name?: unknown } | undefined)?.service_name;
  return typeof name === 'string' ? name : '';
}
