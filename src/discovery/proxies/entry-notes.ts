import type {
  ConfigEntry,
  ProxyDefaultsEntry,
  RequestLimitEntry,
  ServiceDefaultsEntry,
  ServiceIntentionsEntry,
  ServiceResolverEntry,
  ServiceRouterEntry,
  UpstreamConfig,
} from '../../model/index.js';
import { wireName } from '../../model/wire/index.js';
import { extensionNotes } from '../../xds/resources/index.js';

/** What else decides whether a field of an entry has an effect. */
export interface EntryContext {
  /** The datacenter of this server, the only one that there is. */
  readonly datacenter: string;
  /** Families of requests that can be limited here. */
  readonly limitedCategories: ReadonlySet<string>;
}

/** Fields of an entry that are kept and have no effect, whatever the proxies are: each a sentence that names the field. */
export function entryNotes(entry: ConfigEntry, context: EntryContext): readonly string[] {
  switch (entry.kind) {
    case 'proxy-defaults':
      return proxyDefaultsNotes(entry);
    case 'service-defaults':
      return serviceDefaultsNotes(entry);
    case 'service-router':
      return routerNotes(entry);
    case 'service-resolver':
      return resolverNotes(entry, context);
    case 'service-intentions':
      return intentionNotes(entry);
    case 'mesh':
      return entry.peering?.peerThroughMeshGateways
        ? [`Peering.PeerThroughMeshGateways has no effect: ${NO_PEERS}`]
        : [];
    case 'exported-services':
      return entry.services.length > 0
        ? [`Services are listed by /v1/exported-services, and nobody imports them: ${NO_PEERS}`]
        : [];
    case 'control-plane-request-limit':
      return limitNotes(entry, context);
    default:
      return [];
  }
}

const NO_PEERS = 'this version has no peering';
const NO_GATEWAYS = 'this version has no mesh gateways';
const PROTOCOLS = ['', 'tcp', 'http', 'http2', 'grpc'];

function gatewayNote(where: string, mode: string): readonly string[] {
  return mode === 'local' || mode === 'remote' ? [`${where} "${mode}" has no effect: ${NO_GATEWAYS}`] : [];
}

function proxyDefaultsNotes(entry: ProxyDefaultsEntry): readonly string[] {
  const protocol = entry.config?.['protocol'];
  const isKnown =
    protocol === undefined || (typeof protocol === 'string' && PROTOCOLS.includes(protocol.toLowerCase()));
  return [
    ...(isKnown ? [] : [`Config.protocol ${JSON.stringify(protocol)} is not known and counts as tcp`]),
    ...gatewayNote('MeshGateway.Mode', entry.meshGateway.mode),
    ...extensionNotes(entry.envoyExtensions),
    ...(['', 'sequential'].includes(entry.failoverPolicy?.mode ?? '')
      ? []
      : [
          `FailoverPolicy.Mode "${entry.failoverPolicy?.mode}" has no effect: failover takes its targets in their order`,
        ]),
  ];
}

function serviceDefaultsNotes(entry: ServiceDefaultsEntry): readonly string[] {
  const { overrides = [], defaults } = entry.upstreamConfig ?? {};
  const named = overrides.map((override, at) => ({ override, where: `UpstreamConfig.Overrides[${at}]` }));
  return [
    ...(entry.maxInboundConnections < 0 ? ['MaxInboundConnections is below zero, and limits nothing'] : []),
    ...gatewayNote('MeshGateway.Mode', entry.meshGateway.mode),
    ...extensionNotes(entry.envoyExtensions),
    ...(defaults ? upstreamNotes('UpstreamConfig.Defaults', defaults) : []),
    ...named.flatMap(({ override, where }, at) => [
      ...upstreamNotes(where, override),
      ...(override.peer === '' ? [] : [`${where} has no effect: ${NO_PEERS}`]),
      ...repeatedNote(overrides, override, at),
    ]),
  ];
}

/** The first of several about one upstream counts. */
function repeatedNote(all: readonly UpstreamConfig[], override: UpstreamConfig, at: number): readonly string[] {
  const first = all.findIndex(({ name, peer }) => name === override.name && peer === override.peer);
  if (first === at) return [];
  return [`UpstreamConfig.Overrides[${at}] has no effect: Overrides[${first}] is about "${override.name}", too`];
}

function upstreamNotes(where: string, { protocol, meshGateway }: UpstreamConfig): readonly string[] {
  return [
    ...(PROTOCOLS.includes(protocol) ? [] : [`${where}.Protocol "${protocol}" is not known and counts as tcp`]),
    ...gatewayNote(`${where}.MeshGateway.Mode`, meshGateway.mode),
  ];
}

/** A route behind one that takes everything is never reached. */
function routerNotes({ routes }: ServiceRouterEntry): readonly string[] {
  const all = routes ?? [];
  const open = all.findIndex(({ match }) => {
    const http = match?.http;
    if (http === undefined) return true;
    const { pathExact, pathPrefix, pathRegex, header, queryParam, methods } = http;
    const anyPath = pathExact === '' && pathRegex === '' && (pathPrefix === '' || pathPrefix === '/');
    return anyPath && header.length === 0 && queryParam.length === 0 && methods.length === 0;
  });
  if (open < 0) return [];
  return all
    .slice(open + 1)
    .map((_route, at) => `Routes[${open + 1 + at}] is never reached: Routes[${open}] takes every request`);
}

function resolverNotes({ redirect, failover }: ServiceResolverEntry, { datacenter }: EntryContext): readonly string[] {
  const elsewhere = (
    where: string,
    target: { readonly datacenter: string; readonly peer: string },
  ): readonly string[] => {
    if (target.peer !== '') return [`${where}.Peer "${target.peer}" has no instances: ${NO_PEERS}`];
    return target.datacenter === '' || target.datacenter === datacenter
      ? []
      : [`${where}: datacenter "${target.datacenter}" has no instances: this version knows its own only`];
  };
  return [
    ...(redirect ? elsewhere('Redirect', redirect) : []),
    ...Object.entries(failover).flatMap(([subset, { datacenters, targets }]) => [
      ...datacenters.flatMap((name, at) =>
        elsewhere(`Failover["${subset}"].Datacenters[${at}]`, { datacenter: name, peer: '' }),
      ),
      ...targets.flatMap((target, at) => elsewhere(`Failover["${subset}"].Targets[${at}]`, target)),
    ]),
  ];
}

function intentionNotes({ sources }: ServiceIntentionsEntry): readonly string[] {
  return sources.flatMap(({ peer }, at) =>
    peer === '' ? [] : [`Sources[${at}].Peer "${peer}" never calls: ${NO_PEERS}`],
  );
}

function limitNotes(entry: RequestLimitEntry, { limitedCategories }: EntryContext): readonly string[] {
  if (entry.mode === 'disabled') return ['Mode is disabled: nothing is limited'];
  return Object.entries(entry)
    .filter(([field, value]) => typeof value === 'object' && field !== 'meta' && !limitedCategories.has(field))
    .map(([field]) => `${wireName(field)} has no effect: there are no such requests here`);
}
