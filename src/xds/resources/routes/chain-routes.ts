import type { CompiledChain, RouterRoute } from '../../../mesh/discovery-chain/index.js';
import type { EnvoyMessages } from '../../envoy-api/index.js';
import { durationOf } from '../config-sources.js';
import { directResponse } from './direct-response.js';
import { headerModifiers } from './header-modifiers.js';
import { requestMirrors } from './request-mirror.js';
import { clusterAction, destinationAction } from './route-action.js';
import { perRouteFilters } from './route-filters.js';
import { routeMatch } from './route-match.js';

type RouteConfiguration = EnvoyMessages['envoy.config.route.v3.RouteConfiguration'];
export type EnvoyRoute = NonNullable<NonNullable<RouteConfiguration['virtual_hosts']>[number]['routes']>[number];

/** The routes of a chain, first match first (consul-behaviour 5.3). */
export function chainRoutes(chain: CompiledChain): EnvoyRoute[] {
  const start = chain.nodes[chain.startNode];
  if (start === undefined) return [];
  if (start.type === 'router') return start.routes.flatMap((route) => routerRoute(chain, route));
  const action = clusterAction(chain, chain.startNode);
  const timeoutMs = start.type === 'resolver' ? start.resolver.requestTimeoutMs : 0;
  if (action === undefined) return [];
  return [
    { match: { prefix: '/' }, route: { ...action, ...(timeoutMs > 0 ? { timeout: durationOf(timeoutMs) } : {}) } },
  ];
}

function routerRoute(chain: CompiledChain, route: RouterRoute): EnvoyRoute[] {
  const { destination, directResponse: answer, match } = route.definition;
  if (answer) return [{ match: routeMatch(match?.http), ...directResponse(answer) }];
  const action = clusterAction(chain, route.nextNode);
  if (action === undefined) return [];
  return [
    {
      match: routeMatch(match?.http),
      route: { ...action, ...destinationAction(destination), ...requestMirrors(chain, route) },
      ...headerModifiers(destination?.requestHeaders, destination?.responseHeaders),
      ...perRouteFilters(destination),
    },
  ];
}
