import type { MeshEntry } from '../../../model/index.js';
import { type EnvoyMessages, type PackedAny, decodeMessage, encodeMessage, typeNameOf } from '../../envoy-api/index.js';
import { type Authorization, authorizationFilters } from '../authorization/authorization-filters.js';
import { normalizationFields } from '../http-connection-manager.js';
import { type EscapeHatch, parseEscapeHatch } from '../escape-hatch.js';
import type { RbacLayer } from '../authorization/rbac.js';
import { rbacLayerOf } from '../authorization/rbac-filter.js';

type Listener = EnvoyMessages['envoy.config.listener.v3.Listener'];
type FilterChain = NonNullable<Listener['filter_chains']>[number];
type Filter = NonNullable<FilterChain['filters']>[number];
type Manager = EnvoyMessages[typeof MANAGER];
type TransportSocket = NonNullable<FilterChain['transport_socket']>;

const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** A user's own public listener, with the RBAC filters that its chains will get. */
export interface EscapedListener {
  readonly message: Listener;
  readonly layers: readonly RbacLayer[];
  /** Of the local service. */
  readonly protocol: string;
}

/**
 * Reads `envoy_public_listener_json` (consul-behaviour 6.13): undefined when there is none, a problem when it is not a listener
 * whose every way in can be held to TLS and intentions.
 */
export function escapedPublicListener(
  text: string,
  protocol: string,
): EscapedListener | { readonly problem: string } | undefined {
  if (text.trim() === '') return undefined;
  const read = readPublicListener(text);
  if ('problem' in read) return { problem: `envoy_public_listener_json is ignored: ${read.problem}` };
  const layers = new Set(chainsOf(read.message).map((chain) => layerOf(chain, protocol)));
  return { message: read.message, layers: [...layers].sort(), protocol };
}

/** The listener itself, or why it cannot be the public one of any proxy. */
export function readPublicListener(text: string): EscapeHatch<Listener> {
  const parsed = parseEscapeHatch(text, 'envoy.config.listener.v3.Listener');
  if ('problem' in parsed) return parsed;
  const problem = listenerProblem(parsed.message);
  return problem === undefined ? parsed : { problem };
}

/** The listener with our TLS and the filters that decide who is let in before everything else in every chain. */
export function securedListener(
  { message, protocol }: EscapedListener,
  tls: TransportSocket,
  mesh: MeshEntry | undefined,
  authorization: Authorization,
): Listener {
  const secured = (chain: FilterChain): FilterChain => ({
    ...chain,
    transport_socket: tls,
    filters:
      layerOf(chain, protocol) === 'http'
        ? (chain.filters ?? []).map((filter) => guarded(filter, mesh, authorization))
        : [...authorizationFilters('network', authorization), ...(chain.filters ?? [])],
  });
  return {
    traffic_direction: 'INBOUND',
    ...message,
    filter_chains: (message.filter_chains ?? []).map(secured),
    ...(message.default_filter_chain ? { default_filter_chain: secured(message.default_filter_chain) } : {}),
  };
}

/** Requests are judged in the connection manager of an HTTP service; a chain without one judges connections. */
function layerOf(chain: FilterChain, protocol: string): RbacLayer {
  return rbacLayerOf(protocol) === 'http' && (chain.filters ?? []).some(managerOf) ? 'http' : 'network';
}

/** A connection manager with those filters first, and with the mesh's normalisation where the user gave none. Two messages of one type, one after the other, are their union. */
function guarded(filter: Filter, mesh: MeshEntry | undefined, authorization: Authorization): Filter {
  const config = managerOf(filter);
  if (config === undefined) return filter;
  const given = decodeMessage(MANAGER, config.value) as Manager;
  const { normalize_path: normalizes, ...rest } = normalizationFields(mesh?.http?.incoming?.requestNormalization);
  const ours = encodeMessage(MANAGER, {
    http_filters: authorizationFilters('http', authorization),
    ...rest,
    ...(normalizes && given.normalize_path == null ? { normalize_path: normalizes } : {}),
  });
  return { ...filter, typed_config: { type_url: config.type_url, value: Buffer.concat([ours, config.value]) } };
}

/** The configuration of a connection manager; undefined for other filters, and for what is fetched from elsewhere. */
function managerOf(filter: Filter): PackedAny | undefined {
  if (filter.config_discovery != null) return undefined;
  const config = filter.typed_config as PackedAny | null | undefined;
  return config && typeNameOf(config.type_url) === MANAGER ? config : undefined;
}

function chainsOf(listener: Listener): readonly FilterChain[] {
  return [...(listener.filter_chains ?? []), ...(listener.default_filter_chain ? [listener.default_filter_chain] : [])];
}

/** Ways in that no filter chain of the listener sees. */
function listenerProblem(listener: Listener): string | undefined {
  if (chainsOf(listener).length === 0) return 'it has no filter chain';
  if (listener.udp_listener_config != null)
    return 'a public listener takes TCP connections, leave udp_listener_config out';
  if (listener.api_listener != null) return 'leave api_listener out';
  return listener.address == null ? 'it has no address' : undefined;
}
