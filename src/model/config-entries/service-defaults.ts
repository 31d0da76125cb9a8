import { ipVersion } from '../../core/ip-address.js';
import { type Field, always, integer, list, object, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { EnvoyExtension, ExposeSettings, MeshGatewayMode, ProxyMode } from '../records/proxy.js';
import {
  type MutualTlsMode,
  type TransparentProxySettings,
  envoyExtensionsField,
  exposeField,
  ignoredFields,
  kindField,
  meshGatewayField,
  metaField,
  mutualTlsModeField,
  nameField,
  proxyModeField,
  transparentProxyField,
} from './shared-fields.js';
import type { EntryKind } from './entry-kind.js';
import { extensionProblems } from './rules/extensions.js';
import { isHostname } from './rules/hostname.js';
import { metaProblem } from './rules/meta.js';
import { exposeProblem, mutualTlsModeProblem, outboundPortProblem } from './rules/modes.js';
import { type Problem, listedProblems } from './rules/problems.js';
import { type EntryAccess, type Requirement, serviceRight } from './rules/requirement.js';
import { upstreamConfigProblem } from './rules/upstream.js';
import {
  type PassiveHealthCheck,
  type RateLimits,
  type UpstreamLimits,
  passiveHealthCheckField,
  rateLimitsField,
  rateLimitsProblem,
  upstreamLimitsField,
} from './traffic/index.js';

/** Defaults for one service's instances and for those who call it (consul-behaviour 4.1). */
export interface ServiceDefaultsEntry {
  readonly kind: 'service-defaults';
  readonly name: string;
  /** Lower case: `tcp`, `http`, `http2`, `grpc`; empty = the global default. */
  readonly protocol: string;
  readonly mode: ProxyMode;
  readonly transparentProxy: TransparentProxySettings;
  readonly mutualTlsMode: MutualTlsMode;
  readonly meshGateway: { readonly mode: MeshGatewayMode };
  readonly expose: ExposeSettings;
  /** The service is outside the mesh behind a gateway; sent as SNI verbatim. */
  readonly externalSni: string;
  readonly upstreamConfig?: UpstreamConfiguration;
  readonly destination?: ServiceDestination;
  readonly maxInboundConnections: number;
  readonly localConnectTimeoutMs: number;
  readonly localRequestTimeoutMs: number;
  readonly balanceInboundConnections: string;
  readonly rateLimits?: RateLimits;
  readonly envoyExtensions: readonly EnvoyExtension[];
  readonly meta: StringMap;
}

/** How this service's proxies treat their upstreams: defaults, and what differs for some. */
export interface UpstreamConfiguration {
  readonly overrides: readonly UpstreamConfig[];
  readonly defaults?: UpstreamConfig;
}

/** Settings of one upstream, or of all (`name` empty). `connectTimeoutMs` 0 = not given. */
export interface UpstreamConfig {
  readonly name: string;
  readonly namespace: string;
  readonly partition: string;
  readonly peer: string;
  readonly envoyListenerJson: string;
  readonly envoyClusterJson: string;
  readonly protocol: string;
  readonly connectTimeoutMs: number;
  readonly limits?: UpstreamLimits;
  readonly passiveHealthCheck?: PassiveHealthCheck;
  readonly meshGateway: { readonly mode: MeshGatewayMode };
  readonly balanceOutboundConnections: string;
}

/** Addresses outside the mesh that a terminating gateway reaches for this service. */
export interface ServiceDestination {
  readonly addresses: readonly string[];
  readonly port: number;
}

export const upstreamConfigField: Field<UpstreamConfig> = object<UpstreamConfig>({
  name: text(),
  namespace: text(),
  partition: text(),
  peer: always(text()),
  envoyListenerJson: text(),
  envoyClusterJson: text(),
  protocol: text({ lowerCase: true }),
  connectTimeoutMs: integer(),
  limits: optional(upstreamLimitsField),
  passiveHealthCheck: optional(passiveHealthCheckField),
  meshGateway: meshGatewayField,
  balanceOutboundConnections: text(),
});

const schema: Field<ServiceDefaultsEntry> = object<ServiceDefaultsEntry>(
  {
    kind: kindField('service-defaults'),
    name: nameField,
    protocol: always(text({ lowerCase: true })),
    mode: proxyModeField,
    transparentProxy: transparentProxyField,
    mutualTlsMode: mutualTlsModeField,
    meshGateway: meshGatewayField,
    expose: exposeField,
    externalSni: text(),
    upstreamConfig: optional(
      object<UpstreamConfiguration>({
        overrides: list(upstreamConfigField),
        defaults: optional(upstreamConfigField),
      }),
    ),
    destination: optional(object<ServiceDestination>({ addresses: list(text()), port: integer() })),
    maxInboundConnections: integer(),
    localConnectTimeoutMs: integer(),
    localRequestTimeoutMs: integer(),
    balanceInboundConnections: text(),
    rateLimits: optional(rateLimitsField),
    envoyExtensions: envoyExtensionsField,
    meta: metaField,
  },
  { ignored: ignoredFields },
);

const PROTOCOLS = ['', 'tcp', 'http', 'http2', 'grpc'];

/** Upstream timeouts below zero mean "not given". */
function normalize(entry: ServiceDefaultsEntry): ServiceDefaultsEntry {
  if (entry.upstreamConfig === undefined) return entry;
  const { overrides, defaults } = entry.upstreamConfig;
  return {
    ...entry,
    upstreamConfig: {
      overrides: overrides.map(withoutNegativeTimeout),
      ...(defaults && { defaults: withoutNegativeTimeout(defaults) }),
    },
  };
}

function withoutNegativeTimeout(config: UpstreamConfig): UpstreamConfig {
  return config.connectTimeoutMs < 0 ? { ...config, connectTimeoutMs: 0 } : config;
}

/** The first thing wrong with a normalised entry. */
function validate(entry: ServiceDefaultsEntry): Problem {
  if (entry.name === '') return 'Name is required';
  if (entry.name === '*') return 'Name: service-defaults name must be the name of a service, and not a wildcard';
  return (
    mutualTlsModeProblem(entry.mutualTlsMode) ??
    listedProblems([
      PROTOCOLS.includes(entry.protocol) ? undefined : `Protocol: invalid value for protocol: ${entry.protocol}`,
      ['', 'exact_balance'].includes(entry.balanceInboundConnections)
        ? undefined
        : `BalanceInboundConnections: invalid value for balance_inbound_connections: ${entry.balanceInboundConnections}`,
      ...(entry.upstreamConfig?.overrides ?? []).map((override, position) =>
        upstreamConfigProblem(`UpstreamConfig.Overrides[${position}]`, override, true),
      ),
      entry.upstreamConfig?.defaults &&
        upstreamConfigProblem('UpstreamConfig.Defaults', entry.upstreamConfig.defaults, false),
      ...destinationProblems(entry),
      rateLimitsProblem(entry.rateLimits),
      entry.localConnectTimeoutMs < 0 ? 'LocalConnectTimeoutMs must not be negative' : undefined,
      entry.localRequestTimeoutMs < 0 ? 'LocalRequestTimeoutMs must not be negative' : undefined,
      externalSniProblem(entry.externalSni),
      outboundPortProblem(entry.transparentProxy),
      exposeProblem(entry.expose),
      ...extensionProblems(entry.envoyExtensions),
    ]) ??
    metaProblem(entry.meta)
  );
}

function requires(entry: ServiceDefaultsEntry, access: EntryAccess): readonly Requirement[] {
  return [serviceRight(entry.name, access)];
}

/** Names of the services this entry speaks of. */
function references(_entry: ServiceDefaultsEntry): readonly string[] {
  return [];
}

/** Envoy takes no longer names of servers, and none with blanks can be asked for. */
function externalSniProblem(sni: string): Problem {
  if (Buffer.byteLength(sni) > 255) return 'ExternalSNI is longer than 255 bytes';
  return /[\s\p{Cc}]/u.test(sni) ? 'ExternalSNI must not contain blanks or control characters' : undefined;
}

function destinationProblems({ destination, upstreamConfig }: ServiceDefaultsEntry): readonly Problem[] {
  if (destination === undefined) return [];
  const { addresses, port } = destination;
  const repeated = addresses.findIndex((address, position) => addresses.indexOf(address) < position);
  return [
    upstreamConfig && 'UpstreamConfig: UpstreamConfig and Destination are mutually exclusive for service defaults',
    addresses.length === 0 ? 'Destination.Addresses: Destination must contain at least one valid address' : undefined,
    repeated < 0
      ? undefined
      : `Destination.Addresses[${repeated}]: Duplicate address '${addresses[repeated]}' is not allowed`,
    ...addresses.map((address, position) =>
      ipVersion(address) === undefined && !isHostname(address)
        ? `Destination.Addresses[${position}]: Destination address '${address}' is invalid Could not validate address ${address} as an IP or Hostname`
        : undefined,
    ),
    port >= 1 && port <= 65535 ? undefined : `Destination.Port: Invalid Port number ${port}`,
  ];
}

export const serviceDefaults: EntryKind<ServiceDefaultsEntry> = { schema, normalize, validate, requires, references };
