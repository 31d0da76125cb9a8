import type { LoadBalancer, ServiceRoute, ServiceSplit } from '../../model/index.js';
import {
  ChainProblem,
  type Compilation,
  localTarget,
  recordProtocol,
  serviceNodeKey,
  serviceNodeName,
} from './compilation.js';
import type { RouterNode, RouterRoute, SplitterNode } from './compiled-chain.js';
import { entryOf } from './entries.js';
import { resolverNode } from './resolve.js';
import { DEFAULT_NAMESPACE, DEFAULT_PARTITION, type TargetName } from './target.js';

/** Splitters in a row that anybody could mean; more would end in a stack overflow. */
const MAX_SPLITTER_DEPTH = 100;

/** The first node of the chain (consul-behaviour 5.2, 3 and 4): router, else splitter, else resolver; its key. */
export function startNode(compilation: Compilation): string {
  const { service } = compilation.request;
  recordProtocol(compilation, service);
  return routerNode(compilation, service) ?? splitterOrResolverNode(compilation, localTarget(compilation, service));
}

function routerNode(compilation: Compilation, service: string): string | undefined {
  const router = compilation.withoutRouting ? undefined : entryOf(compilation.view, 'service-router', service);
  if (router === undefined) return undefined;
  compilation.usesRouting = true;
  const definitions = [...(router.routes ?? []), catchAll(service)];
  const routes = definitions.map((definition) => routerRoute(compilation, service, definition));
  const node: RouterNode = { type: 'router', name: serviceNodeName(service), routes };
  const key = serviceNodeKey('router', service);
  compilation.nodes.set(key, node);
  return key;
}

function routerRoute(compilation: Compilation, service: string, definition: ServiceRoute): RouterRoute {
  if (definition.directResponse) return { definition, nextNode: '' };
  const nextNode = routeNode(compilation, service, definition);
  const mirrors = definition.destination?.requestMirrors ?? [];
  if (mirrors.length === 0) return { definition, nextNode };
  // A copy goes to one cluster: subsets, redirects and failover count, a splitter does not.
  const mirrorNodes = mirrors.map((mirror) =>
    resolverNode(compilation, localTarget(compilation, mirror.service || service, mirror)),
  );
  return { definition, nextNode, mirrorNodes };
}

function routeNode(compilation: Compilation, service: string, { destination }: ServiceRoute): string {
  const target = localTarget(compilation, destination?.service || service, destination);
  return target.serviceSubset === '' ? splitterOrResolverNode(compilation, target) : resolverNode(compilation, target);
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

function splitterOrResolverNode(compilation: Compilation, target: TargetName): string {
  return splitterNode(compilation, target.service) ?? resolverNode(compilation, target);
}

function splitterNode(compilation: Compilation, service: string): string | undefined {
  const splitter = compilation.withoutRouting ? undefined : entryOf(compilation.view, 'service-splitter', service);
  if (splitter === undefined) return undefined;
  const key = serviceNodeKey('splitter', service);
  if (compilation.nodes.has(key)) return key;
  compilation.usesRouting = true;
  recordProtocol(compilation, service);
  const name = serviceNodeName(service);
  compilation.nodes.set(key, { type: 'splitter', name, splits: [] });
  if (++compilation.splitterDepth > MAX_SPLITTER_DEPTH)
    throw new ChainProblem(
      `discovery chain "${compilation.request.service}" leads through more than ${MAX_SPLITTER_DEPTH} splitters in a row`,
    );
  const splits = splitter.splits.map((definition) => ({
    definition,
    weight: Math.max(0, definition.weight),
    nextNode: splitNode(compilation, service, definition),
  }));
  compilation.splitterDepth -= 1;
  const loadBalancer = firstHashing(compilation, splits);
  const node: SplitterNode = { type: 'splitter', name, splits, ...(loadBalancer && { loadBalancer }) };
  compilation.nodes.set(key, node);
  return key;
}

function splitNode(compilation: Compilation, service: string, split: ServiceSplit): string {
  const target = localTarget(compilation, split.service || service, split);
  return target.serviceSubset === '' && target.service !== service
    ? splitterOrResolverNode(compilation, target)
    : resolverNode(compilation, target);
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
