import { durationFromWire } from '../../core/index.js';
import type {
  MeshGatewayMode,
  MeshView,
  OpaqueConfig,
  PassiveHealthCheck,
  ProxyDefaultsEntry,
  ServiceDefaultsEntry,
  Upstream,
  UpstreamLimits,
} from '../../model/index.js';
import { callsService } from '../../model/records/proxy.js';
import type { UpstreamConfig } from '../../model/config-entries/service-defaults.js';
import { entryOf } from '../discovery-chain/index.js';
import {
  HEALTH_CHECK_NUMBERS,
  LIMIT_NUMBERS,
  UPSTREAM_NUMBERS,
  numberSetting,
  objectSetting,
  settingOf,
} from './opaque-settings.js';
import { registeredHealthCheck, registeredLimits } from './registered-settings.js';
import type { ResolvedUpstream } from './resolved-proxy.js';

/** One source of an upstream's settings; what is absent is left to the sources below it. */
interface UpstreamLayer {
  readonly protocol?: string;
  readonly connectTimeoutMs?: number;
  readonly meshGatewayMode?: MeshGatewayMode;
  readonly limits?: UpstreamLimits;
  readonly passiveHealthCheck?: PassiveHealthCheck;
  readonly balanceOutboundConnections?: string;
  readonly envoyListenerJson?: string;
  readonly envoyClusterJson?: string;
}

/** What the calling side says about an upstream, besides the upstream's own registration. */
export interface UpstreamCaller {
  /** Where the caller is. */
  readonly datacenter: string;
  /** Of its registration. */
  readonly ownMeshGatewayMode: MeshGatewayMode;
  /** Of its service-defaults, else of proxy-defaults. */
  readonly centralMeshGatewayMode: MeshGatewayMode;
  /** Its service-defaults' settings for all upstreams. */
  readonly defaults?: UpstreamConfig;
  /** Its service-defaults' settings for this one. */
  readonly override?: UpstreamConfig;
  /** Those service-defaults, `kind/name`. */
  readonly entry?: string;
}

/** What a caller says about an upstream by name; `own` are the service-defaults of the caller. */
export function upstreamCaller(
  proxy: { readonly datacenter: string; readonly ownMeshGatewayMode: MeshGatewayMode },
  called: Pick<Upstream, 'destinationName' | 'destinationPeer'>,
  common: ProxyDefaultsEntry | undefined,
  own: ServiceDefaultsEntry | undefined,
): UpstreamCaller {
  const { defaults, overrides = [] } = own?.upstreamConfig ?? {};
  const override = overrides.find(
    ({ name, peer }) => name === called.destinationName && peer === called.destinationPeer,
  );
  return {
    datacenter: proxy.datacenter,
    ownMeshGatewayMode: proxy.ownMeshGatewayMode,
    centralMeshGatewayMode: own?.meshGateway.mode || common?.meshGateway.mode || '',
    ...(defaults ? { defaults } : {}),
    ...(override ? { override } : {}),
    ...(own ? { entry: `service-defaults/${own.name}` } : {}),
  };
}

/** The upstream of a caller that may call a service without having said so: nothing is registered about it. */
export function implicitUpstream(destinationName: string): Upstream {
  return {
    destinationType: 'service',
    destinationName,
    destinationPeer: '',
    datacenter: '',
    localBindAddress: '',
    localBindPort: 0,
    localBindSocketPath: '',
    localBindSocketMode: '',
    config: {},
    meshGateway: { mode: '' },
  };
}

/** An upstream with all sources merged, later ones winning (consul-behaviour 2.4). */
export function resolveUpstream(view: MeshView, upstream: Upstream, caller: UpstreamCaller): ResolvedUpstream {
  const isService = callsService(upstream);
  const destination = isService ? entryOf(view, 'service-defaults', upstream.destinationName) : undefined;
  const override = isService ? caller.override : undefined;
  const commonProtocol = entryOf(view, 'proxy-defaults', 'global')?.config?.['protocol'];
  const layers: readonly UpstreamLayer[] = [
    typeof commonProtocol === 'string' ? { protocol: commonProtocol } : {},
    { meshGatewayMode: caller.centralMeshGatewayMode },
    destination?.protocol ? { protocol: destination.protocol } : {},
    layerOfEntry(caller.defaults),
    { meshGatewayMode: caller.ownMeshGatewayMode },
    layerOfEntry(override),
    layerOfConfig(upstream.config),
    { meshGatewayMode: upstream.meshGateway.mode },
  ];
  const merged = mergeLayers(layers);
  const datacenter = upstream.datacenter || caller.datacenter;
  return {
    balanceOutboundConnections: merged.balanceOutboundConnections ?? '',
    bindAddress: upstream.localBindAddress || '127.0.0.1',
    bindPort: upstream.localBindPort,
    bindSocketMode: upstream.localBindSocketMode,
    bindSocketPath: upstream.localBindSocketPath,
    connectTimeoutMs: merged.connectTimeoutMs ?? 0,
    datacenter,
    destinationName: upstream.destinationName,
    destinationType: isService ? 'service' : 'prepared_query',
    envoyClusterJson: merged.envoyClusterJson ?? '',
    envoyListenerJson: merged.envoyListenerJson ?? '',
    ...(caller.entry && hasCentralEscapes(merged, upstream.config) ? { escapesFrom: caller.entry } : {}),
    id: upstreamId(upstream),
    limits: merged.limits ?? {},
    meshGatewayMode: merged.meshGatewayMode ?? '',
    passiveHealthCheck: merged.passiveHealthCheck,
    peer: upstream.destinationPeer,
    protocol: merged.protocol?.toLowerCase() ?? '',
  };
}

/** Whether messages for Envoy come from the caller's entry, and none from the registration. */
function hasCentralEscapes(merged: UpstreamLayer, registered: OpaqueConfig): boolean {
  const given = Boolean(merged.envoyListenerJson) || Boolean(merged.envoyClusterJson);
  return given && ['envoy_listener_json', 'envoy_cluster_json'].every((key) => textIn(registered, key) === '');
}

/** `name`, `name?dc=dc2`, `name?peer=p`, `prepared_query:name` (consul-behaviour 6.1). */
function upstreamId(upstream: Upstream): string {
  const prefix = callsService(upstream) ? '' : `${upstream.destinationType}:`;
  const place =
    upstream.destinationPeer !== ''
      ? `?peer=${upstream.destinationPeer}`
      : upstream.datacenter !== ''
        ? `?dc=${upstream.datacenter}`
        : '';
  return `${prefix}${upstream.destinationName}${place}`;
}

/** What each later layer gives replaces what those before it gave. */
function mergeLayers(layers: readonly UpstreamLayer[]): UpstreamLayer {
  const merged: Record<string, unknown> = {};
  for (const layer of layers)
    for (const [name, value] of Object.entries(layer))
      if (value !== undefined && value !== '' && value !== 0) merged[name] = value;
  return merged;
}

function layerOfEntry(config: UpstreamConfig | undefined): UpstreamLayer {
  if (config === undefined) return {};
  return {
    protocol: config.protocol,
    connectTimeoutMs: Math.max(config.connectTimeoutMs, 0),
    meshGatewayMode: config.meshGateway.mode,
    balanceOutboundConnections: config.balanceOutboundConnections,
    envoyListenerJson: config.envoyListenerJson,
    envoyClusterJson: config.envoyClusterJson,
    ...(config.limits ? { limits: config.limits } : {}),
    ...(config.passiveHealthCheck ? { passiveHealthCheck: config.passiveHealthCheck } : {}),
  };
}

/** The opaque keys of an upstream in a registration (consul-behaviour 2.4); wrong types are taken as not given. */
function layerOfConfig(config: OpaqueConfig): UpstreamLayer {
  if (Object.keys(config).length === 0) return {};
  const limits = objectSetting(config, 'limits');
  const health = objectSetting(config, 'passive_health_check');
  const timeoutMs = numberSetting(config, UPSTREAM_NUMBERS, 'connect_timeout_ms');
  const gateway = objectSetting(config, 'mesh_gateway');
  return {
    protocol: textIn(config, 'protocol'),
    balanceOutboundConnections: textIn(config, 'balance_outbound_connections'),
    envoyListenerJson: textIn(config, 'envoy_listener_json'),
    envoyClusterJson: textIn(config, 'envoy_cluster_json'),
    ...(timeoutMs === undefined ? {} : { connectTimeoutMs: timeoutMs }),
    ...(limits ? { limits: limitsOf(limits) } : {}),
    ...(health ? { passiveHealthCheck: passiveHealthCheckOf(health) } : {}),
    ...(gateway ? { meshGatewayMode: textIn(gateway, 'mode') as MeshGatewayMode } : {}),
  };
}

function limitsOf(config: OpaqueConfig): UpstreamLimits {
  return compact({
    maxConnections: numberSetting(config, LIMIT_NUMBERS, 'max_connections'),
    maxPendingRequests: numberSetting(config, LIMIT_NUMBERS, 'max_pending_requests'),
    maxConcurrentRequests: numberSetting(config, LIMIT_NUMBERS, 'max_concurrent_requests'),
    ...registeredLimits(config).settings,
  });
}

function passiveHealthCheckOf(config: OpaqueConfig): PassiveHealthCheck {
  return {
    intervalMs: durationIn(config, 'interval') ?? 0,
    maxFailures: numberSetting(config, HEALTH_CHECK_NUMBERS, 'max_failures') ?? 0,
    ...compact({
      enforcingConsecutive5xx: numberSetting(config, HEALTH_CHECK_NUMBERS, 'enforcing_consecutive_5xx'),
      maxEjectionPercent: numberSetting(config, HEALTH_CHECK_NUMBERS, 'max_ejection_percent'),
      baseEjectionTimeMs: durationIn(config, 'base_ejection_time'),
      ...registeredHealthCheck(config).settings,
    }),
  };
}

type Compacted<Type> = { [Key in keyof Type]?: Exclude<Type[Key], undefined> };

function compact<Type extends object>(value: Type): Compacted<Type> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Compacted<Type>;
}

function textIn(config: OpaqueConfig, name: string): string {
  const value = settingOf(config, name);
  return typeof value === 'string' ? value : '';
}

function durationIn(config: OpaqueConfig, name: string): number | undefined {
  const value = settingOf(config, name);
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  try {
    const ms = durationFromWire(value);
    return ms < 0 ? undefined : ms;
  } catch {
    return undefined;
  }
}
