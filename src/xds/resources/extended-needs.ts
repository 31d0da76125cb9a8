import type { MeshView } from '../../model/index.js';
import type { ResolvedProxy } from '../../mesh/proxy/index.js';
import {
  activeExtension,
  type ExtensionsOfProxy,
  type ExtensionUse,
  mayConcern,
  mayEverConcern,
  proxyExtensions,
  type ResolvedExtensions,
  type UpstreamCluster,
  upstreamExtensions,
} from './extensions/index.js';
import { extendedFactsCell, type NeededResource, needed, withExtensions } from './resource-cell.js';

/** What one upstream needs, before extensions. */
export interface ServedUpstream {
  readonly service: string;
  readonly resources: readonly NeededResource[];
  readonly problems: readonly string[];
  /** The one cluster behind it, if there is just one. */
  readonly cluster?: UpstreamCluster | undefined;
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
    { problems: ofProxy.problems, refused: undefined, ...applied(view, own, ofProxy.uses) },
    ...upstreams.map(({ resources }, position) => {
      const { uses, problems, blocked } = asked[position] ?? NONE;
      const part = applied(view, resources, [...uses, ...ofProxy.uses]);
      return { problems, refused: blocked ?? part.refusedByUpstream, ...part };
    }),
    { problems: [], refused: ofAll.refusedByUpstream, ...ofAll },
  ];
  const idle = idleExtensions(view, proxy, upstreams.length > 0, ofProxy, parts);
  return {
    resources: [...clusters, ...parts.flatMap(({ resources, refused }) => (refused === undefined ? resources : []))],
    problems: [...parts.flatMap(({ problems, failures }) => [...problems, ...failures]), ...idle.problems],
    blocked:
      ofProxy.blocked ??
      parts.find(({ refusedByProxy }) => refusedByProxy !== undefined)?.refusedByProxy ??
      idle.blocked,
    fails: parts.some(({ refused }) => refused !== undefined),
  };
}

const NONE: ResolvedExtensions = { uses: [], clusters: [], problems: [] };

interface AppliedExtensions {
  readonly resources: readonly NeededResource[];
  /** Those of the extensions that have to do with one of the resources. */
  readonly used: ReadonlySet<ExtensionUse>;
  readonly failures: readonly string[];
  /** Failures of required extensions. */
  readonly refusedByProxy?: string;
  readonly refusedByUpstream?: string;
}

/** Some resources with extensions, without those that nothing asks for any more. */
function applied(view: MeshView, given: readonly NeededResource[], uses: readonly ExtensionUse[]): AppliedExtensions {
  const used = new Set<ExtensionUse>();
  if (uses.length === 0) return { resources: given, used, failures: [] };
  const dropped = new Set<string>();
  const failures: string[] = [];
  const refused: { byProxy?: string; byUpstream?: string } = {};
  const resources = given.map((resource) => {
    const concerned = concerning(view, resource, uses);
    if (concerned.length === 0) return resource;
    for (const use of concerned) used.add(use);
    const extended = withExtensions(resource, concerned);
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
    used,
    failures,
    ...(refused.byProxy === undefined ? {} : { refusedByProxy: refused.byProxy }),
    ...(refused.byUpstream === undefined ? {} : { refusedByUpstream: refused.byUpstream }),
  };
}

/**
 * Extensions of the service's own entry that have to do with nothing of its proxy: a plugin for HTTP where there is none. One that
 * is required must not be passed by unnoticed; unless it is for upstreams, and there are none.
 */
function idleExtensions(
  view: MeshView,
  { service, protocol }: ResolvedProxy,
  hasUpstreams: boolean,
  { uses }: ResolvedExtensions,
  parts: readonly AppliedExtensions[],
): { readonly problems: readonly string[]; readonly blocked?: string } {
  const problems: string[] = [];
  let blocked: string | undefined;
  for (const use of uses) {
    const extension = use.entry === 'proxy-defaults/global' ? undefined : activeExtension(view, use);
    if (extension === undefined || parts.some(({ used }) => used.has(use))) continue;
    const forInbound = mayEverConcern(extension, 'inbound');
    if (!forInbound && !hasUpstreams) continue;
    const traffic = forInbound ? `the traffic to ${service}, which is ${protocol}` : 'the traffic to any upstream';
    const problem = `${extension.label} has no effect: it is not for ${traffic}`;
    problems.push(problem);
    if (extension.required) blocked ??= problem;
  }
  return { problems, ...(blocked === undefined ? {} : { blocked }) };
}

function concerning(view: MeshView, { place }: NeededResource, uses: readonly ExtensionUse[]): readonly ExtensionUse[] {
  if (place === undefined) return [];
  return uses.filter((use) => {
    const extension = activeExtension(view, use);
    return extension !== undefined && mayConcern(extension, place);
  });
}
