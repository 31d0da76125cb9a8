import type { ApiGatewayEntry, ApiGatewayListener, Cell, MeshView, ResourceReference } from '../../model/index.js';
import { tupleParts } from '../../core/index.js';
import { entryOf } from '../discovery-chain/index.js';
import { boundGatewayCell, isAskedFor, isAccepted, listenerProblem, missingCertificates } from './bound-gateway.js';
import { type Condition, NO_RESOURCE, sortedConditions } from './condition.js';
import { type GatewayRoute, routeAcceptanceCell, routeKey } from './route-acceptance.js';

/** Kinds of entries that have conditions. */
export const CONDITIONED_KINDS: ReadonlySet<string> = new Set(['api-gateway', 'http-route', 'tcp-route']);

/**
 * The conditions of a stored gateway or route (consul-behaviour 4.9), sorted; undefined for entries that have none or are not there.
 * Key: `configEntryKey(kind, name)`.
 */
export const conditionsCell: Cell<readonly Condition[] | undefined> = {
  kind: 'entry-conditions',
  compute(view, key) {
    const [kind = '', name = ''] = tupleParts(key);
    if (kind === 'api-gateway') {
      const gateway = entryOf(view, kind, name);
      return gateway && sortedConditions(gatewayConditions(view, gateway));
    }
    if (kind !== 'http-route' && kind !== 'tcp-route') return undefined;
    const route = entryOf(view, kind, name);
    return route && sortedConditions(routeConditions(view, route));
  },
};

function gatewayConditions(view: MeshView, gateway: ApiGatewayEntry): readonly Condition[] {
  const complete = gateway.listeners.every((listener) => missingCertificates(view, listener).length === 0);
  const accepted: Condition = {
    type: 'Accepted',
    status: complete ? 'True' : 'False',
    reason: complete ? 'Accepted' : 'InvalidCertificates',
    message: complete ? 'gateway is valid' : 'gateway references invalid certificates',
    resource: NO_RESOURCE,
  };
  const ofListeners = gateway.listeners.flatMap((listener) => {
    const resource = { kind: gateway.kind, name: gateway.name, sectionName: listener.name };
    return [resolvedRefs(view, listener, resource), conflicted(view, gateway, listener, resource)];
  });
  return [accepted, ...ofListeners];
}

function resolvedRefs(view: MeshView, listener: ApiGatewayListener, resource: ResourceReference): Condition {
  const missing = missingCertificates(view, listener);
  return {
    type: 'ResolvedRefs',
    status: missing.length === 0 ? 'True' : 'False',
    reason: missing.length === 0 ? 'ResolvedRefs' : 'InvalidCertificateRef',
    message: missing.map(({ name }) => `certificate "${name}" not found`).join('; ') || 'resolved refs',
    resource,
  };
}

/** A TCP listener cannot tell to which of several routes a connection belongs. */
function conflicted(
  view: MeshView,
  { name }: ApiGatewayEntry,
  listener: ApiGatewayListener,
  resource: ResourceReference,
): Condition {
  const bound = view.cell(boundGatewayCell, name)?.listeners.find((other) => other.name === listener.name);
  const several = listener.protocol === 'tcp' && (bound?.routes.length ?? 0) > 1;
  return {
    type: 'Conflicted',
    status: several ? 'True' : 'False',
    reason: several ? 'RouteConflict' : 'NoConflict',
    message: several
      ? 'TCP-based listeners currently only support binding a single route'
      : 'listener has no route conflicts',
    resource,
  };
}

function routeConditions(view: MeshView, route: GatewayRoute): readonly Condition[] {
  const acceptance = view.cell(routeAcceptanceCell, routeKey(route.kind, route.name));
  const accepted: Condition = {
    type: 'Accepted',
    status: acceptance?.accepted ? 'True' : 'False',
    reason: acceptance?.reason ?? '',
    message: acceptance?.message ?? '',
    resource: NO_RESOURCE,
  };
  return [accepted, ...(route.parents ?? []).map((parent) => bindingOf(view, route, parent))];
}

function bindingOf(view: MeshView, route: GatewayRoute, parent: ResourceReference): Condition {
  const gateway = entryOf(view, 'api-gateway', parent.name);
  if (gateway === undefined) return unbound(parent, 'GatewayNotFound', 'gateway was not found');
  const problem = isAccepted(view, route) ? bindingProblem(gateway, route, parent) : 'the route is not accepted';
  if (problem !== undefined)
    return unbound(
      parent,
      'FailedToBind',
      `failed to bind route "${route.name}" to gateway "${gateway.name}": ${problem}`,
    );
  return { type: 'Bound', status: 'True', reason: 'Bound', message: 'successfully bound route', resource: parent };
}

function unbound(parent: ResourceReference, reason: string, message: string): Condition {
  return { type: 'Bound', status: 'False', reason, message, resource: parent };
}

/** Why none of the listeners that a parent names has a place for a route. */
function bindingProblem(gateway: ApiGatewayEntry, route: GatewayRoute, parent: ResourceReference): string | undefined {
  const asked = gateway.listeners.filter((listener) => isAskedFor(parent, listener));
  if (asked.length === 0) return `it has no listener "${parent.sectionName}"`;
  const problems = asked.map((listener) => ({ name: listener.name, problem: listenerProblem(listener, route) }));
  if (problems.some(({ problem }) => problem === undefined)) return undefined;
  return problems.map(({ name, problem }) => `listener "${name}": ${problem}`).join('; ');
}
