import type { MeshView } from '../../../model/index.js';
import type { ActiveExtension } from './active-extension.js';
import { type ExtensionEntry, entryExtensionsCell } from './entry-extensions.js';
import type { ExtensionPlace } from './extension.js';
import { extensionKinds } from './registry.js';

/**
 * An extension that is applied to a resource, as part of the key of its cell. The arguments are looked up by their hash, so that
 * keys stay small and a cell never sees arguments other than those its proxy was resolved with.
 */
export interface ExtensionUse {
  readonly entry: ExtensionEntry;
  readonly hash: string;
  /** Cluster of the extension's target. */
  readonly cluster?: string;
  /** The upstream whose owner asks for it: applied only where its traffic goes. */
  readonly upstream?: string;
}

/** The extension of a use; undefined when its entry does not have it any more, or not in a form that can be used. */
export function activeExtension(view: MeshView, use: ExtensionUse): ActiveExtension | undefined {
  const found = view.cell(entryExtensionsCell, use.entry).find(({ hash }) => hash === use.hash);
  const kind = extensionKinds.get(found?.name ?? '');
  if (found === undefined || kind === undefined || found.problems.length > 0) return undefined;
  return {
    kind: use.upstream === undefined ? kind : { ...kind, concerns: onlyFor(kind.concerns, use.upstream) },
    args: found.args,
    required: found.required,
    ofUpstream: use.upstream !== undefined,
    targetCluster: use.cluster ?? '',
    label: `${found.name} of ${use.entry}`,
  };
}

type Concerns = ActiveExtension['kind']['concerns'];

/** Nothing but the traffic to this service, outbound. */
const onlyFor =
  (concerns: Concerns, service: string): Concerns =>
  (args: unknown, place: ExtensionPlace) =>
    place.direction === 'outbound' && place.service === service && concerns(args, place);

/** Whether an extension has to do with a resource, or with something inside it. */
export function mayConcern({ kind, args }: ActiveExtension, place: ExtensionPlace): boolean {
  if (kind.concerns(args, place)) return true;
  if (place.resource !== 'listener') return false;
  return [place, ...Object.values(place.chains ?? {})].some(
    (chain) =>
      kind.concerns(args, { ...place, ...chain, resource: 'listener' }) ||
      (kind.patches.routes !== undefined && kind.concerns(args, { ...place, ...chain, resource: 'route' })),
  );
}

const RESOURCES: readonly ExtensionPlace['resource'][] = ['cluster', 'endpoint', 'listener', 'route'];

/** Whether an extension is for traffic in this direction at all, whatever the protocol of the service is. */
export function mayEverConcern({ kind, args }: ActiveExtension, direction: ExtensionPlace['direction']): boolean {
  return RESOURCES.some((resource) =>
    ['tcp', 'http'].some((protocol) => kind.concerns(args, { resource, direction, protocol, service: '' })),
  );
}
