import {
  type ConfigEntryKind,
  type ConfigEntryKinds,
  type MeshView,
  type PrioritizeByLocality,
  type ServiceResolverEntry,
  configEntryKey,
} from '../../model/index.js';

/** A stored entry by kind and name, or its known absence. */
export function entryOf<Kind extends ConfigEntryKind>(
  view: MeshView,
  kind: Kind,
  name: string,
): ConfigEntryKinds[Kind] | undefined {
  const entry = view.get('config-entries', configEntryKey(kind, name))?.entry;
  return entry?.kind === kind ? (entry as ConfigEntryKinds[Kind]) : undefined;
}

/**
 * The protocol of a service in chains: its own entry's (`tcp` when that names none), without one the global default, else `tcp`.
 * An entry without a protocol hides the global default: seen in Consul, although consul-behaviour 5.2 (1) reads otherwise.
 */
export function protocolOf(view: MeshView, service: string): string {
  const own = entryOf(view, 'service-defaults', service);
  if (own) return own.protocol || 'tcp';
  const common = entryOf(view, 'proxy-defaults', 'global')?.config?.['protocol'];
  return typeof common === 'string' && common !== '' ? common.toLowerCase() : 'tcp';
}

/** Whether instances that are near are preferred: the resolver of the service decides, without a word in it the global default. */
export function localityPreference(
  view: MeshView,
  resolver: ServiceResolverEntry | undefined,
): PrioritizeByLocality | undefined {
  return resolver?.prioritizeByLocality ?? entryOf(view, 'proxy-defaults', 'global')?.prioritizeByLocality;
}

/** Whether requests of this protocol can be routed and split. */
export function isHttpLike(protocol: string): boolean {
  return protocol === 'http' || protocol === 'http2' || protocol === 'grpc';
}

/** The trust domain of the mesh: `<cluster id>.consul`; empty before the CA is configured. */
export function trustDomainOf(view: MeshView): string {
  const config = view.get('ca-config', 'config');
  return config ? `${config.clusterId.toLowerCase()}.consul` : '';
}
