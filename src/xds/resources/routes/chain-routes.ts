import type { CompiledChain, RouterRoute } from '../../../mesh/discovery-chain/index.js';
import { durationOf } from '../config-sources.js';
import { directResponse } from './direct-response.js';
import { withHeaderModifiers } from './header-modifiers.js';
import { requestMirrors } from './request-mirror.js';
import { clusterAction, type EnvoyRoute, routeAction } from './route-action.js';
import { perRouteFilters } from './route-filters.js';
import { routeMatch } from './route-match.js';

/** The routes of a chain, first match first (consul-behaviour 5.3). */
export function chainRoutes(chain: CompiledChain): EnvoyRoute[] {
  const start = chain.nodes[chain.startNode];
  if (start === undefined) return [];
  if (start.type === 'router') return start.routes.flatMap((route) => routerRoute(chain, route) ?? []);
  const action = clusterAction(chain, chain.startNode);
  const timeoutMs = start.type === 'resolver' ? start.resolver.requestTimeoutMs : 0;
  if (action === undefined) return [];
  return [{ match: { prefix: '/' }, route: { ...action, timeout: timeoutMs > 0 ? durationOf(timeoutMs) : undefined } }];
}

function routerRoute(chain: CompiledChain, route: RouterRoute): EnvoyRoute | undefined {
  const { destination, directResponse: answer, match } = route.definition;
  if (answer) return { match: routeMatch(match?.http), ...directResponse(answer) };
  const found = clusterAction(chain, route.nextNode);
  if (found === undefined) return undefined;
  const action = routeAction(found, destination);
  const mirrors = requestMirrors(chain, route);
  const made = {
    match: routeMatch(match?.http),
    route: mirrors ? { ...action, request_mirror_policies: mirrors } : action,
    typed_per_filter_config: perRouteFilters(destination),
  };
  return withHeaderModifiers(made, destination?.requestHeaders, destination?.responseHeaders);
}
