import type { LoadBalancer, ServiceRoute, ServiceSplit } from '../../model/index.js';
import {
  ChainProblem,
  type Compilation,
  fieldAt,
  localTarget,
  type Place,
  recordProtocol,
  serviceNodeKey,
  serviceNodeName,
  splitsPlace,
} from './compilation.js';
import type { RouterNode, RouterRoute, SplitterNode } from './compiled-chain.js';
import { entryOf } from './entries.js';
import { resolverNode } from './resolve.js';
import { DEFAULT_NAMESPACE, DEFAULT_PARTITION, targetId, type TargetName } from './target.js';

/** Splitters in a row that anybody could mean; more would end in a stack overflow. */
const MAX_SPLITTER_DEPTH = 100;

/** The first node of the chain (consul-behaviour 5.2, 3 and 4): router, else splitter, else resolver; its key. */
export function startNode(compilation: Compilation): string {
  const { service } = compilation.request;
  recordProtocol(compilation, service, '');
  return routerNode(compilation, service) ?? splitterOrResolverNode(compilation, localTarget(compilation, service), '');
}

function routerNode(compilation: Compilation, service: string): string | undefined {
  const router = compilation.withoutRouting ? undefined : entryOf(compilation.view, 'service-router', service);
  if (router === undefined) return undefined;
  const place = `service-router/${service} Routes`;
  compilation.routing = place;
  const routes = (router.routes ?? []).map((definition, position) =>
    routerRoute(compilation, service, definition, `${place}[${position}].Destination`),
  );
  routes.push(routerRoute(compilation, service, catchAll(service), ''));
  const node: RouterNode = { type: 'router', name: serviceNodeName(service), routes };
  const key = serviceNodeKey('router', service);
  compilation.nodes.set(key, node);
  return key;
}

function routerRoute(compilation: Compilation, service: string, definition: ServiceRoute, place: Place): RouterRoute {
  if (definition.directResponse) return { definition, nextNode: '' };
  const nextNode = routeNode(compilation, service, definition, place);
  const mirrors = definition.destination?.requestMirrors ?? [];
  if (mirrors.length === 0) return { definition, nextNode };
  // A copy goes to one cluster: subsets, redirects and failover count, a splitter does not.
  const mirrorNodes = mirrors.map((mirror, position) =>
    resolverNode(
      compilation,
      localTarget(compilation, mirror.service || service, mirror),
      fieldAt(place, `RequestMirrors[${position}]`),
    ),
  );
  return { definition, nextNode, mirrorNodes };
}

function routeNode(compilation: Compilation, service: string, { destination }: ServiceRoute, place: Place): string {
  const target = localTarget(compilation, destination?.service || service, destination);
  // With the subset apart: names have dots too.
  const id = `${target.serviceSubset}\0${targetId(target)}`;
  let key = compilation.destinations.get(id);
  if (key === undefined) {
    key =
      target.serviceSubset === ''
        ? splitterOrResolverNode(compilation, target, place)
        : resolverNode(compilation, target, place);
    compilation.destinations.set(id, key);
  }
  return key;
}

/** What no route takes goes to the service itself. */
function catchAll(service: string): ServiceRoute {
  return {
    match: {
      http: {
        pathExact: '',
        pathPrefix: '/',
        pathRegex: '',
        caseInsensitive: false,
        header: [],
        queryParam: [],
        methods: [],
      },
    },
    destination: {
      service,
      serviceSubset: '',
      namespace: DEFAULT_NAMESPACE,
      partition: DEFAULT_PARTITION,
      prefixRewrite: '',
      requestTimeoutMs: 0,
      idleTimeoutMs: 0,
      numRetries: 0,
      retryOnConnectFailure: false,
      retryOn: [],
      retryOnStatusCodes: [],
    },
  };
}

function splitterOrResolverNode(compilation: Compilation, target: TargetName, place: Place): string {
  return splitterNode(compilation, target.service, place) ?? resolverNode(compilation, target, place);
}

function splitterNode(compilation: Compilation, service: string, from: Place): string | undefined {
  const splitter = compilation.withoutRouting ? undefined : entryOf(compilation.view, 'service-splitter', service);
  if (splitter === undefined) return undefined;
  const key = serviceNodeKey('splitter', service);
  if (compilation.nodes.has(key)) return key;
  const name = serviceNodeName(service);
  const place = splitsPlace(name);
  compilation.routing ??= place;
  recordProtocol(compilation, service, from);
  compilation.nodes.set(key, { type: 'splitter', name, splits: [] });
  if (++compilation.splitterDepth > MAX_SPLITTER_DEPTH)
    throw new ChainProblem(
      `discovery chain "${compilation.request.service}" leads through more than ${MAX_SPLITTER_DEPTH} splitters in a row`,
      place,
    );
  const splits = splitter.splits.map((definition, position) => ({
    definition,
    weight: Math.max(0, definition.weight),
    nextNode: splitNode(compilation, service, definition, `${place}[${position}]`),
  }));
  compilation.splitterDepth -= 1;
  const loadBalancer = firstHashing(compilation, splits);
  const node: SplitterNode = { type: 'splitter', name, splits, ...(loadBalancer && { loadBalancer }) };
  compilation.nodes.set(key, node);
  return key;
}

function splitNode(compilation: Compilation, service: string, split: ServiceSplit, place: Place): string {
  const target = localTarget(compilation, split.service || service, split);
  return target.serviceSubset === '' && target.service !== service
    ? splitterOrResolverNode(compilation, target, place)
    : resolverNode(compilation, target, place);
}

/** Envoy hashes a request before it picks a leg, so that the first leg that hashes decides for all. */
function firstHashing(
  compilation: Compilation,
  splits: readonly { readonly nextNode: string }[],
): LoadBalancer | undefined {
  return splits
    .map(({ nextNode }) => compilation.nodes.get(nextNode)?.loadBalancer)
    .find((balancer) => balancer?.policy === 'ring_hash' || balancer?.policy === 'maglev');
}
