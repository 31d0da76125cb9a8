import type { CompiledChain } from '../../mesh/discovery-chain/index.js';
import { durationOf } from './config-sources.js';
import { headerModifiers } from './header-modifiers.js';
import { clusterAction, destinationAction } from './route-action.js';
import { routeMatch } from './route-match.js';

/** The routes of a chain, first match first (consul-behaviour 5.3). */
export function chainRoutes(chain: CompiledChain) {
  const start = chain.nodes[chain.startNode];
  if (start === undefined) return [];
  if (start.type !== 'router') {
    const action = clusterAction(chain, chain.startNode);
    const timeoutMs = start.type === 'resolver' ? start.resolver.requestTimeoutMs : 0;
    if (action === undefined) return [];
    return [
      { match: { prefix: '/' }, route: { ...action, ...(timeoutMs > 0 ? { timeout: durationOf(timeoutMs) } : {}) } },
    ];
  }
  return start.routes.flatMap(({ definition, nextNode }) => {
    const action = clusterAction(chain, nextNode);
    if (action === undefined) return [];
    const { destination } = definition;
    return [
      {
        match: routeMatch(definition.match?.http),
        route: { ...action, ...destinationAction(destination) },
        ...headerModifiers(destination?.requestHeaders, destination?.responseHeaders),
      },
    ];
  });
}
