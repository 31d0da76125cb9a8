import { AppError } from '../../../core/index.js';
import { type Field, flag, list, object, optional, text } from '../../../model/wire/index.js';
import { mustBeOneOf } from './argument-rules.js';
import type { ArgumentProblem, ExtensionKind, ExtensionPlace, PatchContext } from './extension.js';
import { removeProperty, setProperty } from './property-path.js';
import { type ServiceName, serviceNameField, serviceNameProblems } from './server-target.js';

interface PropertyOverrideArguments {
  readonly proxyType: string;
  readonly debug: boolean;
  readonly patches: readonly PropertyPatch[];
}

interface PropertyPatch {
  readonly resourceFilter: {
    readonly resourceType: string;
    readonly trafficDirection: string;
    readonly services: readonly ServiceName[];
  };
  readonly op: string;
  readonly path: string;
  readonly value: unknown;
}

const anyValue: Field<unknown> = {
  empty: undefined,
  isEmpty: (value) => value === undefined,
  decode: (input) => input,
  encode: (value) => value,
};

const schema: Field<PropertyOverrideArguments> = object<PropertyOverrideArguments>({
  proxyType: text(),
  debug: flag(),
  patches: list(
    object<PropertyPatch>({
      resourceFilter: object<PropertyPatch['resourceFilter']>({
        resourceType: text(),
        trafficDirection: text(),
        services: list(serviceNameField),
      }),
      op: text(),
      path: text(),
      value: optional(anyValue),
    }),
  ),
});

/** The message a path starts in, and what our resources of that type are called. */
const resourceTypes: Readonly<Record<string, { readonly typeName: string; readonly resource: string }>> = {
  cluster: { typeName: 'envoy.config.cluster.v3.Cluster', resource: 'cluster' },
  'cluster-load-assignment': { typeName: 'envoy.config.endpoint.v3.ClusterLoadAssignment', resource: 'endpoint' },
  listener: { typeName: 'envoy.config.listener.v3.Listener', resource: 'listener' },
  route: { typeName: 'envoy.config.route.v3.RouteConfiguration', resource: 'route' },
};

/** Resources refer to each other by these. */
const NAMES: ReadonlySet<string> = new Set(['/name', '/cluster_name']);

/** `builtin/property-override`: sets or removes single properties of generated resources (consul-behaviour 6.12). */
export const propertyOverride: ExtensionKind<PropertyOverrideArguments> = {
  name: 'builtin/property-override',
  schema,
  check,
  changes: 'own',
  proxyType: ({ proxyType }) => proxyType || 'connect-proxy',
  order: {
    position: 'no-filter',
    reason: 'it changes what is there when its turn in the list comes: later extensions build on what it left',
  },
  concerns: ({ patches }, place) => patches.some((patch) => isFor(patch, place)),
  patches: {
    cluster: applyPatches,
    endpoints: applyPatches,
    listener: applyPatches,
    routes: applyPatches,
  },
};

function isFor({ resourceFilter }: PropertyPatch, { resource, direction, service }: ExtensionPlace): boolean {
  const { resourceType, trafficDirection, services } = resourceFilter;
  return (
    resourceTypes[resourceType]?.resource === resource &&
    trafficDirection === direction &&
    (services.length === 0 || services.some(({ name }) => name === service))
  );
}

function applyPatches<Message extends object>(
  message: Message,
  { patches, debug }: PropertyOverrideArguments,
  { place }: PatchContext,
): Message {
  return patches
    .filter((patch) => isFor(patch, place))
    .reduce<object>((changed, patch) => applyPatch(changed, patch, debug), message) as Message;
}

function applyPatch(message: object, { resourceFilter, op, path, value }: PropertyPatch, debug: boolean): object {
  const target = { typeName: resourceTypes[resourceFilter.resourceType]?.typeName ?? '', debug };
  return op === 'remove'
    ? removeProperty(message as Readonly<Record<string, unknown>>, path, target)
    : setProperty(message as Readonly<Record<string, unknown>>, path, value, target);
}

function check({ proxyType, patches, debug }: PropertyOverrideArguments): readonly ArgumentProblem[] {
  return [
    ...(proxyType === '' ? [] : mustBeOneOf('ProxyType', proxyType, ['connect-proxy'])),
    ...(patches.length === 0 ? [{ path: 'Patches', problem: 'is missing: at least one patch is required' }] : []),
    ...patches.flatMap((patch, position) => patchProblems(`Patches[${position}]`, patch, debug)),
  ];
}

function patchProblems(at: string, patch: PropertyPatch, debug: boolean): readonly ArgumentProblem[] {
  const { resourceType, trafficDirection, services } = patch.resourceFilter;
  const problems = [
    ...mustBeOneOf(`${at}.ResourceFilter.ResourceType`, resourceType, Object.keys(resourceTypes)),
    ...mustBeOneOf(`${at}.ResourceFilter.TrafficDirection`, trafficDirection, ['inbound', 'outbound']),
    ...(trafficDirection === 'inbound' && services.length > 0
      ? [{ path: `${at}.ResourceFilter.Services`, problem: 'must be left out for inbound traffic' }]
      : []),
    ...services.flatMap((service, position) =>
      serviceNameProblems(`${at}.ResourceFilter.Services[${position}]`, service),
    ),
    ...mustBeOneOf(`${at}.Op`, patch.op, ['add', 'remove']),
    ...(patch.op === 'remove' && patch.value !== undefined
      ? [{ path: `${at}.Value`, problem: 'must be left out with Op remove' }]
      : []),
    ...(NAMES.has(patch.path)
      ? [{ path: `${at}.Path`, problem: `must not be ${patch.path}: resources refer to each other by their names` }]
      : []),
  ];
  return problems.length > 0 ? problems : applicationProblems(at, patch, debug);
}

/** A patch that cannot be applied to an empty message of its type cannot be applied to any. */
function applicationProblems(at: string, patch: PropertyPatch, debug: boolean): readonly ArgumentProblem[] {
  try {
    applyPatch({}, patch, debug);
    return [];
  } catch (thrown) {
    return [{ path: at, problem: `cannot be applied: ${AppError.from(thrown).message}` }];
  }
}
