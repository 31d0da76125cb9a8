import { tupleKey, tupleParts } from '../../core/index.js';
import type { Cell, HttpRouteEntry, MeshView, TcpRouteEntry } from '../../model/index.js';
import { compileAnywhere, entryOf, isHttpLike } from '../discovery-chain/index.js';

export type GatewayRoute = HttpRouteEntry | TcpRouteEntry;
export type GatewayRouteKind = GatewayRoute['kind'];

/** Whether a route leads to services that can be called as it says, and why not. */
export interface RouteAcceptance {
  readonly accepted: boolean;
  readonly reason: 'Accepted' | 'InvalidDiscoveryChain' | 'NoUpstreamServicesTargeted';
  readonly message: string;
}

const ACCEPTED: RouteAcceptance = { accepted: true, reason: 'Accepted', message: 'route is valid' };

/** The protocol of a service's chain, or what is wrong with the chain. Key: the service's name. */
const chainProtocolCell: Cell<{ readonly protocol: string; readonly problem?: string }> = {
  kind: 'chain-protocol',
  compute(view, service) {
    if (service === '') return { protocol: '', problem: 'serviceName is required' };
    const result = compileAnywhere(view, service);
    return result.ok ? { protocol: result.chain.protocol } : { protocol: '', problem: result.problem };
  },
};

/** Whether a stored route is accepted; undefined when there is none. Key: `routeKey(kind, name)`. */
export const routeAcceptanceCell: Cell<RouteAcceptance | undefined> = {
  kind: 'route-acceptance',
  compute(view, key) {
    const [kind = '', name = ''] = tupleParts(key);
    const route = entryOf(view, kind as GatewayRouteKind, name);
    return route && acceptance(view, route);
  },
};

/** Key of `routeAcceptanceCell`. */
export const routeKey = (kind: GatewayRouteKind, name: string): string => tupleKey(kind, name);

/** Names of the services a route leads to, each once, sorted; '' where one was forgotten. */
export function routeServices(route: GatewayRoute): readonly string[] {
  const services =
    route.kind === 'tcp-route' ? (route.services ?? []) : (route.rules ?? []).flatMap((rule) => rule.services ?? []);
  return [...new Set(services.map(({ name }) => name))].sort();
}

/** Whether a service of this protocol can be called through routes of a kind: any that speaks in requests through http-route. */
function fits(kind: GatewayRouteKind, protocol: string): boolean {
  return kind === 'http-route' ? isHttpLike(protocol) : protocol === 'tcp';
}

function acceptance(view: MeshView, route: GatewayRoute): RouteAcceptance {
  const services = routeServices(route);
  if (services.length === 0)
    return {
      accepted: false,
      reason: 'NoUpstreamServicesTargeted',
      message: 'route must target at least one upstream service',
    };
  for (const service of services) {
    const { protocol, problem } = view.cell(chainProtocolCell, service);
    const message =
      problem ?? (fits(route.kind, protocol) ? undefined : 'route protocol does not match targeted service protocol');
    if (message !== undefined) return { accepted: false, reason: 'InvalidDiscoveryChain', message };
  }
  return ACCEPTED;
}
