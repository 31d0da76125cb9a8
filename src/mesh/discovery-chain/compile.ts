import type { MeshView } from '../../model/index.js';
import { ChainProblem, type Compilation, startCompilation } from './compilation.js';
import type { ChainRequest, ChainResult, CompiledChain } from './compiled-chain.js';
import { customizationHash } from './customization.js';
import { entryOf, isHttpLike } from './entries.js';
import { flattenSplitters, reachable, refuseCircles } from './flatten.js';
import { startNode } from './route.js';
import { DEFAULT_NAMESPACE, DEFAULT_PARTITION } from './target.js';

/**
 * Compiles the discovery chain of a service (consul-behaviour 5.2). Pure; what is wrong with the entries is a value, so that a
 * broken chain never breaks its readers.
 */
export function compileChain(view: MeshView, request: ChainRequest): ChainResult {
  try {
    return { ok: true, chain: compile(view, request) };
  } catch (thrown) {
    if (thrown instanceof ChainProblem) return { ok: false, problem: thrown.message };
    throw thrown;
  }
}

/** The chain of a service where the datacenter makes no difference: to its protocol, its kind of nodes, and what is wrong with it. */
export function compileAnywhere(view: MeshView, service: string): ChainResult {
  return compileChain(view, { service, evaluateInDatacenter: 'dc1', overrides: {} });
}

function compile(view: MeshView, request: ChainRequest): CompiledChain {
  const override = request.overrides.protocol ?? '';
  const compilation = startCompilation(view, request, override !== '' && !isHttpLike(override));
  const start = startNode(compilation);
  refuseCircles(compilation.nodes, start);
  if (compilation.routing !== undefined && !isHttpLike(compilation.protocol))
    throw new ChainProblem(
      `discovery chain "${request.service}" uses a protocol "${compilation.protocol}" ` +
        'that does not permit advanced routing or splitting behavior',
      compilation.routing,
    );
  compilation.changedBy.protocol = override !== '' && override !== compilation.protocol;
  const parts = reachable(flattenSplitters(compilation.nodes), compilation.targets, start);
  return {
    serviceName: request.service,
    namespace: DEFAULT_NAMESPACE,
    partition: DEFAULT_PARTITION,
    datacenter: request.evaluateInDatacenter,
    customizationHash: customizationHash(effectiveOverrides(compilation)),
    default: isDefaultChain(request, parts, start),
    protocol: override === '' ? compilation.protocol : override,
    serviceMeta: entryOf(view, 'service-defaults', request.service)?.meta ?? {},
    envoyExtensions: [
      ...(entryOf(view, 'proxy-defaults', 'global')?.envoyExtensions ?? []),
      ...(entryOf(view, 'service-defaults', request.service)?.envoyExtensions ?? []),
    ],
    startNode: start,
    ...parts,
  };
}

function effectiveOverrides({ request, changedBy }: Compilation): ChainRequest['overrides'] {
  const { protocol, meshGatewayMode, connectTimeoutMs } = request.overrides;
  return {
    ...(changedBy.protocol && protocol !== undefined && { protocol }),
    ...(changedBy.meshGatewayMode && meshGatewayMode !== undefined && { meshGatewayMode }),
    ...(changedBy.connectTimeoutMs && connectTimeoutMs !== undefined && { connectTimeoutMs }),
  };
}

/** Nothing was configured that changes where requests go (consul-behaviour 5.2, 14). */
function isDefaultChain(
  request: ChainRequest,
  { nodes, targets }: Pick<CompiledChain, 'nodes' | 'targets'>,
  start: string,
): boolean {
  const node = nodes[start];
  if (node?.type !== 'resolver' || !node.resolver.default) return false;
  const target = targets[node.resolver.target];
  return (
    target?.service === request.service &&
    target.serviceSubset === '' &&
    target.peer === '' &&
    target.datacenter === request.evaluateInDatacenter
  );
}
