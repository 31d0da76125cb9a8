import { ipVersion, tupleKey, tupleParts } from '../../core/index.js';
import {
  type Cell,
  type EnvoyExtension,
  type MeshView,
  type NodeRecord,
  type OpaqueConfig,
  type ProxyDefaultsEntry,
  type ProxySettings,
  type ServiceDefaultsEntry,
  type ServiceRecord,
  nodeKey,
  serviceKey,
} from '../../model/index.js';
import { entryOf } from '../discovery-chain/index.js';
import type { ResolvedProxy, ResolvedUpstream } from './resolved-proxy.js';
import { telemetryUpstreams } from './telemetry-upstream.js';
import { resolveUpstream, upstreamCaller } from './resolve-upstream.js';

/** A proxy, and what its Envoy cannot be given of its settings. */
export interface ProxyReference {
  readonly node: string;
  readonly proxyId: string;
  /** Access logs have the usual formats instead of the user's. */
  readonly plainLogs?: true;
}

const PLAIN_LOGS = 'plain-logs';

/** Key of the cells of a proxy. */
export const proxyKey = ({ node, proxyId, plainLogs }: ProxyReference): string =>
  tupleKey(nodeKey(node), proxyId, ...(plainLogs ? [PLAIN_LOGS] : []));

/** A sidecar's effective settings; undefined when there is no such registration, or it is not a connect-proxy. Key: `proxyKey`. */
export const resolvedProxyCell: Cell<ResolvedProxy | undefined> = {
  kind: 'resolved-proxy',
  compute(view, key) {
    const [node = '', proxyId = '', without] = tupleParts(key);
    const record = view.get('services', serviceKey(node, proxyId));
    if (record?.kind !== 'connect-proxy' || !record.proxy) return undefined;
    const proxy = resolveProxy(view, record, record.proxy);
    return without === PLAIN_LOGS ? withPlainLogs(proxy) : proxy;
  },
};

function withPlainLogs(proxy: ResolvedProxy): ResolvedProxy {
  if (proxy.accessLogs === undefined) return proxy;
  return { ...proxy, plainLogs: true, accessLogs: { ...proxy.accessLogs, textFormat: '', jsonFormat: '' } };
}

function resolveProxy(view: MeshView, record: ServiceRecord, registered: ProxySettings): ResolvedProxy {
  const common = entryOf(view, 'proxy-defaults', 'global');
  const own = entryOf(view, 'service-defaults', registered.destinationServiceName);
  const config: OpaqueConfig = { ...common?.config, ...configOf(own), ...registered.config };
  const refused = registered.mutualTlsMode === 'permissive' && !mayBePermissive(view);
  const settings = mergeSettings(refused ? { ...registered, mutualTlsMode: '' } : registered, common, own);
  const node = view.get('nodes', nodeKey(record.node));
  const locality = record.locality ?? node?.locality;
  return {
    node: record.node,
    proxyId: record.id,
    datacenter: node?.datacenter ?? '',
    service: registered.destinationServiceName,
    address: record.address,
    port: record.port,
    protocol:
      typeof config['protocol'] === 'string' && config['protocol'] !== '' ? config['protocol'].toLowerCase() : 'tcp',
    config,
    settings,
    expose: settings.expose,
    accessLogs: settings.accessLogs,
    ...(locality ? { locality } : {}),
    ...(hasIpv6(record, node) ? { ipv6: true as const } : {}),
    ...(own?.rateLimits ? { rateLimits: own.rateLimits } : {}),
    ownMeshGatewayMode: registered.meshGateway.mode,
    ...(refused ? { permissiveRefused: true as const } : {}),
    entries: [...(common ? ['proxy-defaults/global'] : []), ...(own ? [`service-defaults/${own.name}`] : [])],
  };
}

/** Virtual addresses do not count: they are nobody's own. */
function hasIpv6(record: ServiceRecord, node: NodeRecord | undefined): boolean {
  const tagged = Object.entries(record.taggedAddresses).filter(([name]) => /^[lw]an/.test(name));
  const own = [record.address, ...tagged.map(([, { address }]) => address)];
  const ofNode = node ? [node.address, ...Object.values(node.taggedAddresses)] : [];
  return [...own, ...ofNode].some((address) => ipVersion(address) === 6);
}

/** Whether who registers a proxy may let callers in without certificates: as for entries, the mesh has to allow it. */
function mayBePermissive(view: MeshView): boolean {
  return entryOf(view, 'mesh', 'mesh')?.allowEnablingPermissiveMutualTls === true;
}

/** The explicit upstreams of a sidecar, and the one for its metrics. They are made when they are asked for: only its needs want them. */
export function resolvedUpstreams(view: MeshView, proxy: ResolvedProxy): readonly ResolvedUpstream[] {
  const common = entryOf(view, 'proxy-defaults', 'global');
  const own = entryOf(view, 'service-defaults', proxy.service);
  return [...proxy.settings.upstreams, ...telemetryUpstreams(proxy)].map((upstream) =>
    resolveUpstream(view, upstream, upstreamCaller(proxy, upstream, common, own)),
  );
}

/** What a service-defaults entry puts into its proxies' configuration (consul-behaviour 4.1). */
function configOf(own: ServiceDefaultsEntry | undefined): OpaqueConfig {
  if (own === undefined) return {};
  return {
    ...(own.protocol ? { protocol: own.protocol } : {}),
    ...(own.balanceInboundConnections ? { balance_inbound_connections: own.balanceInboundConnections } : {}),
    ...(own.maxInboundConnections > 0 ? { max_inbound_connections: own.maxInboundConnections } : {}),
    ...(own.localConnectTimeoutMs > 0 ? { local_connect_timeout_ms: own.localConnectTimeoutMs } : {}),
    ...(own.localRequestTimeoutMs > 0 ? { local_request_timeout_ms: own.localRequestTimeoutMs } : {}),
  };
}

function mergeSettings(
  registered: ProxySettings,
  common: ProxyDefaultsEntry | undefined,
  own: ServiceDefaultsEntry | undefined,
): ProxySettings {
  const exposed = [registered.expose, own?.expose, common?.expose].find(
    (expose) => expose && (expose.checks || expose.paths.length > 0),
  );
  const accessLogs = registered.accessLogs ?? common?.accessLogs;
  const extensions: readonly EnvoyExtension[] = [...(common?.envoyExtensions ?? []), ...(own?.envoyExtensions ?? [])];
  return {
    ...registered,
    // What is shown with central configuration can be registered again; that makes no upstream of it.
    upstreams: registered.upstreams.filter(({ centrallyConfigured }) => !centrallyConfigured),
    mode: registered.mode || own?.mode || common?.mode || '',
    mutualTlsMode: registered.mutualTlsMode || own?.mutualTlsMode || common?.mutualTlsMode || '',
    transparentProxy: {
      outboundListenerPort:
        [registered, own, common].map((source) => source?.transparentProxy?.outboundListenerPort).find(Boolean) ?? 0,
      dialedDirectly: [registered, own, common].some((source) => source?.transparentProxy?.dialedDirectly),
    },
    meshGateway: { mode: registered.meshGateway.mode || own?.meshGateway.mode || common?.meshGateway.mode || '' },
    expose: exposed ?? registered.expose,
    ...(accessLogs ? { accessLogs } : {}),
    envoyExtensions: extensions,
  };
}
