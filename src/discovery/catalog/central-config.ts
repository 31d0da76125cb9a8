import {
  type ExposeSettings,
  type MeshView,
  type OpaqueConfig,
  type ProxyDefaultsEntry,
  type ProxySettings,
  type ServiceDefaultsEntry,
  type ServiceRecord,
  type Upstream,
  type UpstreamConfig,
  configEntryKey,
  passiveHealthCheckField,
  rateLimitsField,
  upstreamLimitsField,
} from '../../model/index.js';
import { callsService } from '../../model/records/proxy.js';
import { encode } from '../../model/wire/index.js';
import { implicitUpstream } from '../../mesh/proxy/index.js';

type Mergeable = Pick<ServiceRecord, 'kind' | 'service' | 'proxy'>;

const NO_PROXY: ProxySettings = {
  destinationServiceName: '',
  destinationServiceId: '',
  localServiceAddress: '',
  localServicePort: 0,
  localServiceSocketPath: '',
  mode: '',
  mutualTlsMode: '',
  meshGateway: { mode: '' },
  expose: { checks: false, paths: [] },
  config: {},
  upstreams: [],
};

/**
 * A proxy's or gateway's registration as it looks with central configuration: registration over service-defaults over
 * proxy-defaults (consul-behaviour.md 2.4). Other services come back as they are. Only for showing: what Envoys are told is
 * computed by `mesh/proxy`.
 */
export function mergeCentralConfig<Service extends Mergeable>(view: MeshView, service: Service): Service {
  if (service.kind === '') return service;
  const proxy = service.proxy ?? NO_PROXY;
  const global = proxyDefaults(view);
  const own = serviceDefaults(view, proxy.destinationServiceName || service.service);
  if (global === undefined && own === undefined && proxy.upstreams.length === 0) return service;
  return { ...service, proxy: mergeProxy(view, proxy, global, own) };
}

function mergeProxy(
  view: MeshView,
  proxy: ProxySettings,
  global: ProxyDefaultsEntry | undefined,
  own: ServiceDefaultsEntry | undefined,
): ProxySettings {
  const meshGatewayMode = proxy.meshGateway.mode || own?.meshGateway.mode || global?.meshGateway.mode || '';
  const transparentProxy = mergeTransparentProxy(proxy, own, global);
  const mode = proxy.mode || own?.mode || global?.mode || '';
  const upstreams = [...proxy.upstreams, ...(mode === 'transparent' ? centralUpstreams(proxy, own) : [])];
  const accessLogs = proxy.accessLogs ?? (global?.accessLogs.enabled ? global.accessLogs : undefined);
  const extensions = [...(global?.envoyExtensions ?? []), ...(own?.envoyExtensions ?? [])];
  return {
    ...proxy,
    mode,
    ...(transparentProxy === undefined ? {} : { transparentProxy }),
    mutualTlsMode: proxy.mutualTlsMode || own?.mutualTlsMode || global?.mutualTlsMode || '',
    meshGateway: { mode: meshGatewayMode },
    expose: mergeExpose(proxy.expose, own?.expose, global?.expose),
    config: { ...global?.config, ...(own && serviceKeys(own)), ...proxy.config },
    upstreams: upstreams.map((upstream) => mergeUpstream(view, upstream, proxy, global, own)),
    ...(accessLogs === undefined ? {} : { accessLogs }),
    ...(extensions.length === 0 ? {} : { envoyExtensions: extensions }),
  };
}

/** Field by field: the registration's, else service-defaults', else proxy-defaults'. Absent when none of them says anything. */
function mergeTransparentProxy(
  ...sources: readonly (Pick<ProxySettings, 'transparentProxy'> | undefined)[]
): ProxySettings['transparentProxy'] {
  const given = sources.map((source) => source?.transparentProxy);
  const outboundListenerPort = given.map((settings) => settings?.outboundListenerPort).find(Boolean) ?? 0;
  const dialedDirectly = given.some((settings) => settings?.dialedDirectly);
  if (outboundListenerPort === 0 && !dialedDirectly && given[0] === undefined) return undefined;
  return { outboundListenerPort, dialedDirectly };
}

/** Upstreams of a transparent proxy that service-defaults have settings for, and that its registration does not name. */
function centralUpstreams(proxy: ProxySettings, own: ServiceDefaultsEntry | undefined): readonly Upstream[] {
  const isRegistered = (name: string, peer: string): boolean =>
    proxy.upstreams.some((upstream) => upstream.destinationName === name && upstream.destinationPeer === peer);
  return (own?.upstreamConfig?.overrides ?? [])
    .filter(({ name, peer }) => !isRegistered(name, peer))
    .map(({ name, peer }) => ({ ...implicitUpstream(name), destinationPeer: peer, centrallyConfigured: true }));
}

/** A registration that exposes nothing takes what is exposed centrally. */
function mergeExpose(given: ExposeSettings, ...central: readonly (ExposeSettings | undefined)[]): ExposeSettings {
  const isSet = (expose: ExposeSettings | undefined): expose is ExposeSettings =>
    expose !== undefined && (expose.checks || expose.paths.length > 0);
  return [given, ...central].find(isSet) ?? given;
}

/** The opaque keys that fields of service-defaults stand for (consul-behaviour.md 6.13). */
function serviceKeys(own: ServiceDefaultsEntry): OpaqueConfig {
  return given({
    protocol: own.protocol,
    max_inbound_connections: own.maxInboundConnections,
    local_connect_timeout_ms: own.localConnectTimeoutMs,
    local_request_timeout_ms: own.localRequestTimeoutMs,
    balance_inbound_connections: own.balanceInboundConnections,
    rate_limits: own.rateLimits && encode(rateLimitsField, own.rateLimits),
  });
}

function mergeUpstream(
  view: MeshView,
  upstream: Upstream,
  proxy: ProxySettings,
  global: ProxyDefaultsEntry | undefined,
  own: ServiceDefaultsEntry | undefined,
): Upstream {
  const isService = callsService(upstream);
  const defaults = own?.upstreamConfig?.defaults;
  const override = isService
    ? own?.upstreamConfig?.overrides.find(
        ({ name, peer }) => name === upstream.destinationName && peer === upstream.destinationPeer,
      )
    : undefined;
  const called =
    isService && upstream.destinationPeer === '' ? serviceDefaults(view, upstream.destinationName) : undefined;
  const config = {
    ...given({ protocol: global?.config?.['protocol'] }),
    ...given({ protocol: called?.protocol }),
    ...(defaults && upstreamKeys(defaults)),
    ...(override && upstreamKeys(override)),
    ...upstream.config,
  };
  const mode =
    upstream.meshGateway.mode ||
    override?.meshGateway.mode ||
    proxy.meshGateway.mode ||
    defaults?.meshGateway.mode ||
    own?.meshGateway.mode ||
    global?.meshGateway.mode ||
    '';
  return { ...upstream, config, meshGateway: { mode } };
}

/** The opaque keys of an upstream's configuration; its mesh gateway is shown beside them. */
function upstreamKeys(config: UpstreamConfig): OpaqueConfig {
  return given({
    protocol: config.protocol,
    connect_timeout_ms: config.connectTimeoutMs,
    limits: config.limits && encode(upstreamLimitsField, config.limits),
    passive_health_check: config.passiveHealthCheck && encode(passiveHealthCheckField, config.passiveHealthCheck),
    balance_outbound_connections: config.balanceOutboundConnections,
    envoy_listener_json: config.envoyListenerJson,
    envoy_cluster_json: config.envoyClusterJson,
  });
}

/** Without what was not given: nothing, empty text and 0. */
function given(keys: Readonly<Record<string, unknown>>): OpaqueConfig {
  return Object.fromEntries(
    Object.entries(keys).filter(([, value]) => value !== undefined && value !== '' && value !== 0),
  );
}

function proxyDefaults(view: MeshView): ProxyDefaultsEntry | undefined {
  const entry = view.get('config-entries', configEntryKey('proxy-defaults', 'global'))?.entry;
  return entry?.kind === 'proxy-defaults' ? entry : undefined;
}

function serviceDefaults(view: MeshView, service: string): ServiceDefaultsEntry | undefined {
  const entry = view.get('config-entries', configEntryKey('service-defaults', service))?.entry;
  return entry?.kind === 'service-defaults' ? entry : undefined;
}
