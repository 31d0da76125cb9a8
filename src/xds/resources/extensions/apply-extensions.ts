import { AppError } from '../../../core/index.js';
import { decodePlain, type EnvoyTypeName, type PackedAny, packAny } from '../../envoy-api/index.js';
import type { ResourceType } from '../spec.js';
import type { ActiveExtension } from './active-extension.js';
import type { ExtensionPlace } from './extension.js';
import { contextOf, patchListener } from './patch-listener.js';

/** An extension that could not be applied to a resource. */
export interface ExtensionFailure {
  readonly required: boolean;
  /** It was the owner of an upstream who asked for it. */
  readonly ofUpstream: boolean;
  /** A sentence that names the extension, its entry and the resource. */
  readonly problem: string;
}

export interface ExtendedMessage {
  readonly any: PackedAny;
  readonly failures: readonly ExtensionFailure[];
}

const typeNames = {
  cluster: 'envoy.config.cluster.v3.Cluster',
  endpoint: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'envoy.config.listener.v3.Listener',
  route: 'envoy.config.route.v3.RouteConfiguration',
} as const satisfies Partial<Record<ResourceType, EnvoyTypeName>>;

/**
 * A packed resource with extensions applied, first one first. One that fails is left out and named; the others still apply. Never
 * throws for what an extension does.
 */
export function applyExtensions(
  any: PackedAny,
  name: string,
  place: ExtensionPlace,
  extensions: readonly ActiveExtension[],
): ExtendedMessage {
  const failures: ExtensionFailure[] = [];
  let current = any;
  for (const extension of extensions) {
    try {
      const patched = patchAny(current, extension, place);
      if (patched) current = patched;
      else if (extension.kind.concerns(extension.args, place))
        failures.push(failure(extension, place, name, 'there is nothing in it that this extension changes'));
    } catch (thrown) {
      failures.push(failure(extension, place, name, AppError.from(thrown).message));
    }
  }
  return { any: current, failures };
}

function failure(
  { label, required, ofUpstream }: ActiveExtension,
  place: ExtensionPlace,
  name: string,
  problem: string,
): ExtensionFailure {
  return { required, ofUpstream, problem: `${label} is not applied to ${place.resource} ${name}: ${problem}` };
}

/** The resource after one extension; undefined when it changes nothing of this kind. */
function patchAny(any: PackedAny, extension: ActiveExtension, place: ExtensionPlace): PackedAny | undefined {
  const { kind, args } = extension;
  if (place.resource === 'listener') {
    const patched = patchListener(decodePlain(typeNames.listener, any.value), extension, place);
    return patched.changed ? packAny(typeNames.listener, patched.message) : undefined;
  }
  if (!kind.concerns(args, place)) return undefined;
  const context = contextOf(extension, place);
  const { cluster, endpoints, routes } = kind.patches;
  if (place.resource === 'cluster' && cluster)
    return packAny(typeNames.cluster, cluster(decodePlain(typeNames.cluster, any.value), args, context));
  if (place.resource === 'endpoint' && endpoints)
    return packAny(typeNames.endpoint, endpoints(decodePlain(typeNames.endpoint, any.value), args, context));
  if (place.resource === 'route' && routes)
    return packAny(typeNames.route, routes(decodePlain(typeNames.route, any.value), args, context));
  return undefined;
}
