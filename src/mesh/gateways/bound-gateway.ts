import {
  type ApiGatewayEntry,
  type ApiGatewayListener,
  type BoundApiGateway,
  type BoundListener,
  type Cell,
  type MeshView,
  type ResourceReference,
  configEntryKey,
} from '../../model/index.js';
import { entryOf } from '../discovery-chain/index.js';
import { sortedReferences } from './condition.js';
import { commonHostnames } from './hostnames.js';
import { type GatewayRoute, routeAcceptanceCell, routeKey, routeServices } from './route-acceptance.js';

/**
 * What an API gateway really serves: the routes that are accepted and fit its listeners, and the certificates that are there
 * (consul-behaviour 4.9). Undefined without an entry. Key: the gateway's name.
 */
export const boundGatewayCell: Cell<BoundApiGateway | undefined> = {
  kind: 'bound-gateway',
  compute(view, name) {
    const gateway = entryOf(view, 'api-gateway', name);
    if (gateway === undefined) return undefined;
    const accepted = routesFor(view, name).filter((route) => isAccepted(view, route));
    const placed = accepted.map((route) => ({ route, places: placesOf(gateway, route) }));
    const at = (listener: ApiGatewayListener) => placed.filter(({ places }) => places.includes(listener));
    return {
      name,
      listeners: gateway.listeners.map((listener) => boundListener(view, listener, at(listener))),
      services: routesByService(placed.filter(({ places }) => places.length > 0)),
    };
  },
};

/** A route and the listeners of a gateway that it is bound to. */
interface PlacedRoute {
  readonly route: GatewayRoute;
  readonly places: readonly ApiGatewayListener[];
}

/** The routes that ask for a gateway, by kind and name. */
export function routesFor(view: MeshView, gateway: string): readonly GatewayRoute[] {
  return view
    .range('config-entries', 'byParentGateway', [gateway])
    .flatMap(({ entry }) => (entry.kind === 'http-route' || entry.kind === 'tcp-route' ? [entry] : []));
}

/** Whether a route leads anywhere. */
export function isAccepted(view: MeshView, { kind, name }: GatewayRoute): boolean {
  return view.cell(routeAcceptanceCell, routeKey(kind, name))?.accepted === true;
}

/** The listeners of a gateway that a route asks for and that it fits, whether it is accepted or not. */
function placesOf(gateway: ApiGatewayEntry, route: GatewayRoute): readonly ApiGatewayListener[] {
  const asked = (route.parents ?? []).filter(({ name }) => name === gateway.name);
  return gateway.listeners.filter(
    (listener) =>
      asked.some((parent) => isAskedFor(parent, listener)) && listenerProblem(listener, route) === undefined,
  );
}

/** Whether a parent names this listener of its gateway, or all of them. */
export function isAskedFor({ sectionName }: ResourceReference, listener: ApiGatewayListener): boolean {
  return sectionName === '' || sectionName === listener.name;
}

/** Why a route has no place at a listener. */
export function listenerProblem({ protocol, hostname }: ApiGatewayListener, route: GatewayRoute): string | undefined {
  const wanted = route.kind === 'tcp-route' ? 'tcp' : 'http';
  if (protocol !== wanted) return `it speaks ${protocol}, and a ${route.kind} needs ${wanted}`;
  if (route.kind === 'tcp-route' || commonHostnames(hostname, route.hostnames ?? []).length > 0) return undefined;
  return `none of the route's hostnames is one of "${hostname}"`;
}

/** The references of a listener to certificates that are not there. */
export function missingCertificates(view: MeshView, { tls }: ApiGatewayListener): readonly ResourceReference[] {
  return (tls.certificates ?? []).filter((reference) => !exists(view, reference));
}

function exists(view: MeshView, { kind, name }: ResourceReference): boolean {
  return view.get('config-entries', configEntryKey(kind, name)) !== undefined;
}

function boundListener(
  view: MeshView,
  { name, tls }: ApiGatewayListener,
  placed: readonly PlacedRoute[],
): BoundListener {
  return {
    name,
    routes: sortedReferences(placed.map(referenceTo)),
    certificates: (tls.certificates ?? []).filter((reference) => exists(view, reference)),
  };
}

const referenceTo = ({ route: { kind, name } }: PlacedRoute): ResourceReference => ({ kind, name, sectionName: '' });

function routesByService(routes: readonly PlacedRoute[]): BoundApiGateway['services'] {
  const found = new Map<string, ResourceReference[]>();
  for (const one of routes)
    for (const service of routeServices(one.route))
      found.set(service, [...(found.get(service) ?? []), referenceTo(one)]);
  const sorted = [...found].sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(sorted.map(([service, references]) => [service, sortedReferences(references)]));
}
