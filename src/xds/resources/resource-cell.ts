import { deepEqual, jsonKey, jsonKeyInput, sha256Hex } from '../../core/index.js';
import type { Cell } from '../../model/index.js';
import { encodeAny } from '../envoy-api/index.js';
import { aggregateCluster } from './clusters/aggregate-cluster.js';
import type { Builder, BuiltResource } from './builder.js';
import { chainEntriesCell } from './upstreams/chain-entries.js';
import { endpoints } from './clusters/endpoints.js';
import {
  type ExtendedInput,
  type ExtendedResource,
  type ExtensionFailure,
  type ExtensionPlace,
  type ExtensionUse,
  extendResource,
  extensionCluster,
} from './extensions/index.js';
import { exposedCluster, exposedListener } from './inbound/expose.js';
import { jwksCluster } from './authorization/jwks-cluster.js';
import { jwtExtension } from './authorization/jwt.js';
import { destinationCluster } from './transparent/destination-cluster.js';
import { destinationRoutes } from './transparent/destination-routes.js';
import { localApp } from './inbound/local-app.js';
import { originalDestinationCluster, passthroughCluster } from './transparent/passthrough.js';
import { proxylessCluster, proxylessEndpoints, proxylessListener, proxylessRoute } from './proxyless/proxyless.js';
import { publicListener } from './inbound/public-listener.js';
import { queryCluster } from './queries/query-cluster.js';
import { queryEndpoints } from './queries/query-endpoints.js';
import { queryListener } from './queries/query-listener.js';
import { publicRootsSecret } from './secrets/public-roots-secret.js';
import { rbacExtension } from './authorization/rbac.js';
import { rootsSecret } from './secrets/roots-secret.js';
import { routeConfiguration } from './routes/route-configuration.js';
import { serviceCluster } from './clusters/service-cluster.js';
import type { EncodedResource, ResourceType } from './spec.js';
import { transparentListener } from './transparent/transparent-listener.js';
import { upstreamListener } from './upstreams/upstream-listener.js';

/** Every builder by name, with the type of what it makes. */
const builders = {
  'local-app': { type: 'cluster', build: localApp },
  'service-cluster': { type: 'cluster', build: serviceCluster },
  'aggregate-cluster': { type: 'cluster', build: aggregateCluster },
  'extension-cluster': { type: 'cluster', build: extensionCluster },
  'original-destination': { type: 'cluster', build: originalDestinationCluster },
  'destination-cluster': { type: 'cluster', build: destinationCluster },
  'passthrough-cluster': { type: 'cluster', build: passthroughCluster },
  'exposed-cluster': { type: 'cluster', build: exposedCluster },
  'query-cluster': { type: 'cluster', build: queryCluster },
  'jwks-cluster': { type: 'cluster', build: jwksCluster },
  endpoints: { type: 'endpoint', build: endpoints },
  'query-endpoints': { type: 'endpoint', build: queryEndpoints },
  roots: { type: 'secret', build: rootsSecret },
  'public-roots': { type: 'secret', build: publicRootsSecret },
  jwt: { type: 'extension', build: jwtExtension },
  rbac: { type: 'extension', build: rbacExtension },
  'public-listener': { type: 'listener', build: publicListener },
  'upstream-listener': { type: 'listener', build: upstreamListener },
  'query-listener': { type: 'listener', build: queryListener },
  'transparent-listener': { type: 'listener', build: transparentListener },
  'exposed-listener': { type: 'listener', build: exposedListener },
  route: { type: 'route', build: routeConfiguration },
  'destination-routes': { type: 'route', build: destinationRoutes },
  'proxyless-listener': { type: 'listener', build: proxylessListener },
  'proxyless-route': { type: 'route', build: proxylessRoute },
  'proxyless-cluster': { type: 'cluster', build: proxylessCluster },
  'proxyless-endpoints': { type: 'endpoint', build: proxylessEndpoints },
} as const satisfies Record<string, { readonly type: ResourceType; readonly build: Builder<never> }>;

export type BuilderName = keyof typeof builders;
type InputOf<Name extends BuilderName> = (typeof builders)[Name]['build'] extends Builder<infer Input> ? Input : never;

/** A resource that something needs: its name on the wire and the key of its cell. */
export interface NeededResource {
  readonly type: ResourceType;
  readonly name: string;
  readonly cell: string;
  /** False for the cluster of a service that an upstream merely leads to: the upstream of that service itself has the say. */
  readonly own?: boolean | undefined;
  /** Endpoints whose order depends on where the caller is (`nearEndpoints`). */
  readonly byLocality?: true;
  /** Where it stands for extensions; absent = none of them concerns it. */
  readonly place?: ExtensionPlace | undefined;
}

/** Names a resource by its builder and input; `name` is what it is called on the wire, `own` as in `NeededResource`. */
export function needed<Name extends BuilderName>(
  builder: Name,
  input: InputOf<Name> & { readonly name: string },
  place?: ExtensionPlace,
  own?: boolean,
): NeededResource {
  const cell = jsonKey({ builder, input });
  return { type: builders[builder].type, name: input.name, cell, place, own };
}

/** The same resource with extensions applied, first one first. Without any it stays the cell that all others share. */
export function withExtensions(resource: NeededResource, uses: readonly ExtensionUse[]): NeededResource {
  if (uses.length === 0 || resource.place === undefined) return resource;
  const input: ExtendedInput = { base: resource.cell, place: resource.place, uses };
  return { ...resource, cell: jsonKey({ builder: EXTENDED, input }) };
}

/** What a proxy's needs depend on of an extended resource: not its content. */
export interface ExtendedFacts {
  readonly failures: readonly ExtensionFailure[];
  /** `<type> <name>` of what only its base asks for: endpoints, routes, fetched filters. Secrets are everybody's. */
  readonly dropped: readonly string[];
}

const EXTENDED = 'extended';

interface ExtendedKey {
  readonly builder: typeof EXTENDED;
  readonly input: ExtendedInput;
}

const extendedCell: Cell<ExtendedResource> = {
  kind: 'extended-resource',
  compute: (view, key) => extendResource(view, jsonKeyInput<ExtendedKey>(key).input, resourceCell),
};

/** Key: the cell of a resource from `withExtensions` that has some. */
export const extendedFactsCell: Cell<ExtendedFacts> = {
  kind: 'extended-facts',
  compute(view, key) {
    const { resource, failures } = view.cell(extendedCell, key);
    const base = view.cell(resourceCell, jsonKeyInput<ExtendedKey>(key).input.base);
    const left = new Set(resource?.references.map(({ type, name }) => `${type} ${name}`));
    const had = resource === undefined ? [] : (base?.references.map(({ type, name }) => `${type} ${name}`) ?? []);
    return { failures, dropped: had.filter((reference) => !left.has(reference) && !reference.startsWith('secret ')) };
  },
};

const VERSION_LENGTH = 32;
const NONE: readonly never[] = [];

function encoded(type: ResourceType, built: BuiltResource, ofChain: readonly string[]): EncodedResource {
  const bytes = encodeAny(built.any);
  const { entries = NONE, unite } = built;
  return {
    type,
    name: built.name,
    version: sha256Hex(bytes, VERSION_LENGTH),
    bytes,
    references: built.references ?? NONE,
    entries: entries.length === 0 ? ofChain : [...entries, ...ofChain],
    leadsTo: built.leadsTo,
    chainEpoch: built.chainEpoch,
    provides: built.provides,
    reliesOn: built.reliesOn,
    parts: unite && built.parts,
    unite: unite && ((others) => encoded(type, unite(others), ofChain)),
  };
}

/**
 * One encoded resource; undefined while it cannot be made from the state. The same content from other entries is another one, which
 * nobody is sent again. Key: `NeededResource.cell`.
 */
export const resourceCell: Cell<EncodedResource | undefined> = {
  kind: 'resource',
  compute(view, key) {
    const { builder, input } = jsonKeyInput<{
      readonly builder: BuilderName | typeof EXTENDED;
      readonly input: { readonly chain?: string };
    }>(key);
    if (builder === EXTENDED) return view.cell(extendedCell, key).resource;
    const { type, build } = builders[builder];
    const built = (build as Builder<object>)(view, input);
    if (built === undefined) return undefined;
    const ofChain = input.chain === undefined ? NONE : view.cell(chainEntriesCell, input.chain);
    return encoded(type, built, ofChain);
  },
  equals: (left, right) =>
    left === right ||
    (left !== undefined &&
      right !== undefined &&
      left.version === right.version &&
      left.name === right.name &&
      deepEqual(left.entries, right.entries)),
};
