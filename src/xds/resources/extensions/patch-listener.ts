import { decodePlain, type PackedAny, packAny, typeNameOf } from '../../envoy-api/index.js';
import type { ActiveExtension } from './active-extension.js';
import type {
  ExtensionPlace,
  FilterChain,
  HttpConnectionManager,
  Listener,
  NetworkFilter,
  PatchContext,
} from './extension.js';

const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** A message with an extension's changes; `changed` is false when nothing in it was of the kind the extension changes. */
export interface Patched<Message> {
  readonly message: Message;
  readonly changed: boolean;
}

/** Applies an extension to a listener: itself, its filter chains, and the connection managers and routes inside them. */
export function patchListener(
  listener: Listener,
  extension: ActiveExtension,
  place: ExtensionPlace,
): Patched<Listener> {
  const { kind, args } = extension;
  let changed = false;
  const chain = (given: FilterChain): FilterChain => {
    const patched = patchChain(given, extension, { ...place, ...place.chains?.[given.name ?? ''] });
    changed ||= patched.changed;
    return patched.message;
  };
  const { filter_chains: chains, default_filter_chain: rest } = listener;
  const inside: Listener = {
    ...listener,
    ...(chains ? { filter_chains: chains.map(chain) } : {}),
    ...(rest ? { default_filter_chain: chain(rest) } : {}),
  };
  if (!kind.patches.listener || !kind.concerns(args, place)) return { message: inside, changed };
  return { message: kind.patches.listener(inside, args, contextOf(extension, place)), changed: true };
}

function patchChain(chain: FilterChain, extension: ActiveExtension, place: ExtensionPlace): Patched<FilterChain> {
  const { kind, args } = extension;
  const concerned = kind.concerns(args, place);
  let changed = false;
  const filters = (chain.filters ?? []).map((filter) => {
    const patched = patchFilter(filter, extension, place, concerned);
    changed ||= patched !== filter;
    return patched;
  });
  const patched = concerned ? kind.patches.networkFilters?.(filters, args, contextOf(extension, place)) : undefined;
  if (patched === undefined || patched === filters) return { message: { ...chain, filters }, changed };
  return { message: { ...chain, filters: [...patched] }, changed: true };
}

/** A filter with its connection manager changed, or the same one when it has none or nothing changes. */
function patchFilter(
  filter: NetworkFilter,
  extension: ActiveExtension,
  place: ExtensionPlace,
  concerned: boolean,
): NetworkFilter {
  const { patches, concerns } = extension.kind;
  const config = filter.config_discovery == null ? (filter.typed_config as PackedAny | null | undefined) : undefined;
  if (!config || typeNameOf(config.type_url) !== MANAGER) return filter;
  const routesPlace: ExtensionPlace = { ...place, resource: 'route' };
  const patchesRoutes = patches.routes !== undefined && concerns(extension.args, routesPlace);
  if (!patchesRoutes && !(concerned && (patches.httpFilters || patches.manager))) return filter;
  const given: HttpConnectionManager = decodePlain(MANAGER, config.value);
  let manager = given;
  if (patchesRoutes && patches.routes && manager.route_config) {
    const context = contextOf(extension, routesPlace);
    manager = { ...manager, route_config: patches.routes(manager.route_config, extension.args, context) };
  }
  if (concerned) manager = patchManager(manager, extension, place);
  return manager === given ? filter : { ...filter, typed_config: packAny(MANAGER, manager) };
}

function patchManager(
  given: HttpConnectionManager,
  extension: ActiveExtension,
  place: ExtensionPlace,
): HttpConnectionManager {
  const { args, kind } = extension;
  const context = contextOf(extension, place);
  const before = given.http_filters ?? [];
  const filters = kind.patches.httpFilters?.(before, args, context) ?? before;
  const inside = filters === before ? given : { ...given, http_filters: [...filters] };
  return kind.patches.manager?.(inside, args, context) ?? inside;
}

/** What an extension may know where it is applied. */
export function contextOf({ required, targetCluster }: ActiveExtension, place: ExtensionPlace): PatchContext {
  return { place, required, targetCluster };
}
