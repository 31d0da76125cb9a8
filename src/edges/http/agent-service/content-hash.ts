import { structureHash as hash } from '../../../core/index.js';
import type { ExposePath, ProxySettings, ServiceRecord, Upstream } from '../../../model/index.js';

type HashedService = Omit<ServiceRecord, 'node' | 'createIndex' | 'modifyIndex'>;

const NOTHING = hash.integer(0);

/**
 * `ContentHash` of a service as `agent/service/:id` shows it (consul-observed.md, "Starting and configuring"): hex, without
 * leading zeros. Equal services have equal hashes on every agent; clients block on it and compare it with fixed values.
 */
export function contentHash(service: HashedService): string {
  const { weights, kind, proxy } = service;
  const shownProxy = kind === '' ? undefined : (proxy ?? emptyProxy);
  return hash
    .struct('AgentService', {
      Kind: hash.text(kind),
      ID: hash.text(service.id),
      Service: hash.text(service.service),
      Tags: hash.list(service.tags.map(hash.text)),
      Meta: textMap(service.meta),
      Port: hash.integer(service.port),
      Address: hash.text(service.address),
      SocketPath: hash.text(service.socketPath),
      TaggedAddresses: hash.map(
        mapValues(service.taggedAddresses, ({ address, port }) =>
          hash.struct('ServiceAddress', { Address: hash.text(address), Port: hash.integer(port) }),
        ),
      ),
      Weights: hash.struct('AgentWeights', {
        Passing: hash.integer(weights.passing),
        Warning: hash.integer(weights.warning),
      }),
      EnableTagOverride: hash.flag(service.enableTagOverride),
      CreateIndex: NOTHING,
      ModifyIndex: NOTHING,
      ContentHash: hash.text(''),
      Proxy: shownProxy === undefined ? NOTHING : proxyHash(shownProxy),
      Connect: service.connect.native
        ? hash.struct('AgentServiceConnect', { Native: hash.flag(true), SidecarService: NOTHING })
        : NOTHING,
      PeerName: hash.text(''),
    })
    .toString(16);
}

/** What of a proxy block is hashed. */
type HashedProxy = Partial<ProxySettings>;
const emptyProxy: HashedProxy = {};

function proxyHash(proxy: HashedProxy): bigint {
  const { transparentProxy, accessLogs } = proxy;
  return hash.struct('AgentServiceConnectProxyConfig', {
    EnvoyExtensions: hash.list((proxy.envoyExtensions ?? []).map(opaque)),
    DestinationServiceName: hash.text(proxy.destinationServiceName ?? ''),
    DestinationServiceID: hash.text(proxy.destinationServiceId ?? ''),
    LocalServiceAddress: hash.text(proxy.localServiceAddress ?? ''),
    LocalServicePort: hash.integer(proxy.localServicePort ?? 0),
    LocalServiceSocketPath: hash.text(proxy.localServiceSocketPath ?? ''),
    Mode: hash.text(proxy.mode ?? ''),
    TransparentProxy:
      transparentProxy === undefined
        ? NOTHING
        : hash.struct('TransparentProxyConfig', {
            OutboundListenerPort: hash.integer(transparentProxy.outboundListenerPort),
            DialedDirectly: hash.flag(transparentProxy.dialedDirectly),
          }),
    ...(proxy.mutualTlsMode ? { MutualTLSMode: hash.text(proxy.mutualTlsMode) } : {}),
    Config: opaque(proxy.config ?? {}),
    Upstreams: hash.list((proxy.upstreams ?? []).map(upstreamHash)),
    MeshGateway: meshGatewayHash(proxy.meshGateway?.mode ?? ''),
    Expose: hash.struct('ExposeConfig', {
      Checks: hash.flag(proxy.expose?.checks ?? false),
      Paths: hash.list((proxy.expose?.paths ?? []).map(exposePathHash)),
    }),
    AccessLogs: accessLogs === undefined ? NOTHING : opaque({ ...accessLogs }),
  });
}

function upstreamHash(upstream: Upstream): bigint {
  return hash.struct('Upstream', {
    DestinationType: hash.text(upstream.destinationType),
    DestinationPartition: hash.text(''),
    DestinationNamespace: hash.text(''),
    DestinationPeer: hash.text(upstream.destinationPeer),
    DestinationName: hash.text(upstream.destinationName),
    Datacenter: hash.text(upstream.datacenter),
    LocalBindAddress: hash.text(upstream.localBindAddress),
    LocalBindPort: hash.integer(upstream.localBindPort),
    LocalBindSocketPath: hash.text(upstream.localBindSocketPath),
    LocalBindSocketMode: hash.text(upstream.localBindSocketMode),
    Config: opaque(upstream.config),
    MeshGateway: meshGatewayHash(upstream.meshGateway.mode),
    CentrallyConfigured: hash.flag(upstream.centrallyConfigured ?? false),
  });
}

function exposePathHash(path: ExposePath): bigint {
  return hash.struct('ExposePath', {
    ListenerPort: hash.integer(path.listenerPort),
    Path: hash.text(path.path),
    LocalPathPort: hash.integer(path.localPathPort),
    Protocol: hash.text(path.protocol),
    ParsedFromCheck: hash.flag(path.parsedFromCheck),
  });
}

function meshGatewayHash(mode: string): bigint {
  return hash.struct('MeshGatewayConfig', { Mode: hash.text(mode) });
}

function textMap(map: Readonly<Record<string, string>>): bigint {
  return hash.map(mapValues(map, hash.text));
}

/** Values of the user's own types: numbers are floating, as JSON's are. */
function opaque(value: unknown): bigint {
  if (typeof value === 'string') return hash.text(value);
  if (typeof value === 'number') return hash.decimal(value);
  if (typeof value === 'boolean') return hash.flag(value);
  if (Array.isArray(value)) return hash.list(value.map(opaque));
  if (typeof value === 'object' && value !== null) return hash.map(mapValues(value as Record<string, unknown>, opaque));
  return NOTHING;
}

function mapValues<From, To>(map: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}
