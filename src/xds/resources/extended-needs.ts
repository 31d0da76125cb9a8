import type { MeshView } from '../../model/index.js';
import type { ResolvedProxy } from '../../mesh/proxy/index.js';
import {
  activeExtension,
  type ExtensionsOfProxy,
  type ExtensionUse,
  mayConcern,
  proxyExtensions,
  type ResolvedExtensions,
  upstreamExtensions,
} from './extensions/index.js';
import { extendedFactsCell, type NeededResource, needed, withExtensions } from './resource-cell.js';

/** What one upstream needs, before extensions. */
export interface ServedUpstream {
  readonly service: string;
  readonly resources: readonly NeededResource[];
  readonly problems: readonly string[];
  /** The one cluster behind it, if there is just one. */
  readonly cluster?: string | undefined;
  /** Its owner has extensions that change what callers send to it. */
  readonly extended?: true | undefined;
  /** It does not compile now. */
  readonly fails?: true | undefined;
}

export interface ExtendedNeeds {
  readonly resources: readonly NeededResource[];
  readonly problems: readonly string[];
  /** A required extension of the proxy itself cannot be carried out: nothing may be served without it. */
  readonly blocked?: string | undefined;
  /** A required extension of an upstream cannot be carried out: that upstream is left as it is. */
  readonly fails: boolean;
}

/**
 * What is needed with extensions applied; a resource that none concerns keeps its shared cell (consul-behaviour 6.12). `shared` are
 * those that several upstreams have in common.
 */
export function extendNeeds(
  view: MeshView,
  proxy: ResolvedProxy,
  envoyVersion: string,
  own: readonly NeededResource[],
  upstreams: readonly ServedUpstream[],
  shared: readonly NeededResource[] = [],
): ExtendedNeeds {
  const given: ExtensionsOfProxy = {
    service: proxy.service,
    envoyVersion,
    upstreamCluster: (service) => upstreams.find((upstream) => upstream.service === service)?.cluster,
  };
  const ofProxy = (proxy.settings.envoyExtensions ?? []).length === 0 ? NONE : proxyExtensions(view, given);
  const clusters = ofProxy.clusters.map((cluster) => needed('extension-cluster', cluster));
  const asked = upstreams.map(({ extended, service }) => (extended ? upstreamExtensions(view, service, given) : NONE));
  const ofAll = applied(view, shared, [...asked.flatMap(({ uses }) => uses), ...ofProxy.uses]);
  const parts = [
    { ...applied(view, own, ofProxy.uses), problems: ofProxy.problems, refused: undefined },
    ...upstreams.map(({ resources }, position) => {
      const { uses, problems, blocked } = asked[position] ?? NONE;
      const part = applied(view, resources, [...uses, ...ofProxy.uses]);
      return { ...part, problems, refused: blocked ?? part.refusedByUpstream };
    }),
    { ...ofAll, problems: [], refused: ofAll.refusedByUpstream },
  ];
  return {
    resources: [...clusters, ...parts.flatMap(({ resources, refused }) => (refused === undefined ? resources : []))],
    problems: parts.flatMap(({ problems, failures }) => [...problems, ...failures]),
    blocked: ofProxy.blocked ?? parts.find(({ refusedByProxy }) => refusedByProxy !== undefined)?.refusedByProxy,
    fails: parts.some(({ refused }) => refused !== undefined),
  };
}

const NONE: ResolvedExtensions = { uses: [], clusters: [], problems: [] };

interface AppliedExtensions {
  readonly resources: readonly NeededResource[];
  readonly failures: readonly string[];
  /** Failures of required extensions. */
  readonly refusedByProxy?: string;
  readonly refusedByUpstream?: string;
}

/** Some resources with extensions, without those that nothing asks for any more. */
function applied(view: MeshView, given: readonly NeededResource[], uses: readonly ExtensionUse[]): AppliedExtensions {
  if (uses.length === 0) return { resources: given, failures: [] };
  const dropped = new Set<string>();
  const failures: string[] = [];
  const refused: { byProxy?: string; byUpstream?: string } = {};
  const resources = given.map((resource) => {
    const extended = withExtensions(resource, concerning(view, resource, uses));
    if (extended === resource) return resource;
    const facts = view.cell(extendedFactsCell, extended.cell);
    for (const reference of facts.dropped) dropped.add(reference);
    for (const { problem, required, ofUpstream } of facts.failures) {
      failures.push(problem);
      if (required && ofUpstream) refused.byUpstream ??= problem;
      else if (required) refused.byProxy ??= problem;
    }
    return extended;
  });
  return {
    resources: resources.filter(({ type, name }) => !dropped.has(`${type} ${name}`)),
    failures,
    ...(refused.byProxy === undefined ? {} : { refusedByProxy: refused.byProxy }),
    ...(refused.byUpstream === undefined ? {} : { refusedByUpstream: refused.byUpstream }),
  };
}

function concerning(view: MeshView, { place }: NeededResource, uses: readonly ExtensionUse[]): readonly ExtensionUse[] {
  if (place === undefined) return [];
  return uses.filter((use) => {
    const extension = activeExtension(view, use);
    return extension !== undefined && mayConcern(extension, place);
  });
}
