import type { CompiledChain } from '../../../mesh/discovery-chain/index.js';
import type { ServiceRouteDestination } from '../../../model/config-entries/index.js';
import type { PackedAny } from '../../envoy-api/index.js';
import { idleCorsFilter, routeCors } from './cors.js';
import { idleFaultFilter, routeFault } from './fault.js';
import type { NamedFilter } from '../http-connection-manager.js';

interface RouteFilter {
  readonly name: string;
  /** What it is in a chain, where it does nothing but what routes say. */
  readonly idle: () => PackedAny;
  /** What a route says; undefined = nothing. */
  readonly ofRoute: (destination: ServiceRouteDestination) => PackedAny | undefined;
}

/**
 * Filters in the caller's proxy that a route's destination makes use of, in the order in which they see a request. CORS first: it
 * answers preflights, which no fault should hit, and lets a page read the answer of an aborted request. Extensions find a place
 * among them by themselves.
 */
const FILTERS: readonly RouteFilter[] = [
  { name: 'envoy.filters.http.cors', idle: idleCorsFilter, ofRoute: ({ cors }) => cors && routeCors(cors) },
  { name: 'envoy.filters.http.fault', idle: idleFaultFilter, ofRoute: ({ fault }) => fault && routeFault(fault) },
];

/** The filters that routes of a chain make use of. One that nobody uses is left out: listeners stay as Consul's. */
export function routeFilters(chain: CompiledChain): readonly NamedFilter[] {
  const start = chain.nodes[chain.startNode];
  if (start?.type !== 'router') return [];
  return FILTERS.filter(({ ofRoute }) =>
    start.routes.some(({ definition: { destination } }) => destination && ofRoute(destination)),
  ).map(({ name, idle }) => ({ name, typed_config: idle() }));
}

/** What a route says to the filters in front of it, by their names; undefined = nothing. */
export function perRouteFilters(
  destination: ServiceRouteDestination | undefined,
): Readonly<Record<string, PackedAny>> | undefined {
  let configs: Record<string, PackedAny> | undefined;
  for (const { name, ofRoute } of FILTERS) {
    const config = destination && ofRoute(destination);
    if (config) configs = { ...configs, [name]: config };
  }
  return configs;
}
