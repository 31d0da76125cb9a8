import { AppError, tupleKey, tupleParts } from '../../core/index.js';
import type { Cell, MeshView } from '../../model/index.js';
import { trustDomainOf } from '../../mesh/discovery-chain/index.js';
import { greatestEpoch, revocationEpochsCell, revocationEpochsKey } from '../../mesh/intentions/index.js';
import {
  type ResolvedProxy,
  type ResolvedUpstream,
  proxyKey,
  proxyProblems,
  resolvedUpstreams,
  serviceSpiffeId,
  unservedUpstream,
} from '../../mesh/proxy/index.js';
import { parseEscapeHatch } from './escape-hatch.js';
import { limitedProxy } from './envoy-limits.js';
import { exposedNeeds } from './inbound/expose-needs.js';
import { extendNeeds, type ServedUpstream } from './extended-needs.js';
import { localAppInput } from './inbound/local-app.js';
import { nearEndpoints } from './clusters/near-endpoints.js';
import { configText } from './opaque-config.js';
import { publicListenerName, publicListenerProblems, publicListenerRbacLayers } from './inbound/public-listener.js';
import { RBAC_FILTERS } from './authorization/rbac.js';
import { type NeededResource, needed } from './resource-cell.js';
import { sharedNames } from './shared-names.js';
import { type ProxyNeeds, ROOTS_SECRET, type ResourceType } from './spec.js';
import { queryNeedsCell } from './queries/query-needs.js';
import { fetchingProblems, tokenNeedsCell, unverifiedTokens } from './authorization/token-needs.js';
import { transparentInput, transparentKey } from './transparent/transparent-input.js';
import { type TransparentNeeds, transparentNeedsCell } from './transparent/transparent-needs.js';
import { upstreamNeedsKey } from './upstreams/upstream-chain.js';
import { upstreamNeedsCell } from './upstreams/upstream-needs.js';
import { type UpstreamNeeds, withEpoch } from './upstreams/upstream-needs-input.js';
import { type UpstreamSettings, upstreamSettings } from './upstreams/upstream-settings.js';

/** Key of a proxy's needs: which Envoy it runs, as far as that is known, decides what it can be sent. */
export function proxyNeedsKey(
  proxy: { readonly node: string; readonly proxyId: string },
  envoyVersion?: string,
): string {
  return envoyVersion ? proxyKey(proxy) + tupleKey(envoyVersion) : proxyKey(proxy);
}

/** Everything a sidecar needs; undefined when it is not registered or the CA is not ready. Key: `proxyNeedsKey`. */
export const proxyNeedsCell: Cell<ProxyNeeds | undefined> = {
  kind: 'proxy-needs',
  compute(view, key) {
    const [node = '', proxyId = '', envoyVersion = ''] = tupleParts(key);
    const limited = limitedProxy(view, { node, proxyId }, envoyVersion);
    const trustDomain = trustDomainOf(view);
    if (limited === undefined || trustDomain === '') return undefined;
    const { proxy, keepsRules } = limited;
    const upstreams = resolvedUpstreams(view, proxy);
    const transparent = transparentNeeds(view, proxy);
    const anywhere = [...declaredNeeds(view, proxy, upstreams), ...transparent.upstreams];
    const served = anywhere.map((upstream) =>
      withResources(upstream, nearEndpoints(upstream.resources, proxy.locality)),
    );
    const own = ownNeeds(view, proxy).filter(({ type }) => !(keepsRules && type === 'extension'));
    const extended = extendNeeds(view, proxy, envoyVersion, own, served, transparent.shared);
    const { blocked } = extended;
    return {
      identity: {
        node: proxy.node,
        proxyId: proxy.proxyId,
        service: proxy.service,
        datacenter: proxy.datacenter,
        trustDomain,
        spiffeId: serviceSpiffeId(trustDomain, proxy.datacenter, proxy.service),
      },
      resources: byTypeAndName(blocked === undefined ? extended.resources : []),
      ...(blocked !== undefined || extended.fails || keepsRules || served.some(({ fails }) => fails)
        ? { keepsOthers: true as const }
        : {}),
      problems: [
        ...limited.problems,
        ...extended.problems,
        ...proxyProblems(proxy, upstreams),
        ...publicListenerProblems(proxy),
        ...tokenProblems(view, proxy, envoyVersion),
        ...localClusterProblems(proxy),
        ...served.flatMap(({ problems }) => problems),
        ...placeProblems(proxy, served),
        ...transparent.problems,
      ],
    };
  },
};

/** What a sidecar opens for others, with its extensions: all that depends on who may call it. */
export interface InboundNeeds {
  readonly resources: readonly NeededResource[];
  /** Sentences; empty unless a required extension cannot be carried out. */
  readonly failures: readonly string[];
}

/** Undefined when the proxy is not registered or the CA is not ready. */
export function inboundNeeds(
  view: MeshView,
  reference: { readonly node: string; readonly proxyId: string },
): InboundNeeds | undefined {
  const limited = limitedProxy(view, reference, '');
  if (limited === undefined || trustDomainOf(view) === '') return undefined;
  const { resources, problems, blocked, fails } = extendNeeds(
    view,
    limited.proxy,
    '',
    ownNeeds(view, limited.proxy),
    [],
  );
  return { resources, failures: blocked !== undefined || fails ? problems : [] };
}

/** What a proxy needs for the services that it calls without an upstream of its own; nothing unless it is transparent. */
function transparentNeeds(view: MeshView, proxy: ResolvedProxy): TransparentNeeds {
  const input = transparentInput(proxy);
  return input === undefined
    ? { shared: [], upstreams: [], problems: [] }
    : view.cell(transparentNeedsCell, transparentKey(input));
}

function ownNeeds(view: MeshView, proxy: ResolvedProxy): NeededResource[] {
  const { node, proxyId, service, protocol, plainLogs } = proxy;
  const place = { direction: 'inbound', service, protocol } as const;
  const listener = { node, proxyId, name: publicListenerName(proxy), ...(plainLogs ? { plainLogs } : {}) };
  const layers = publicListenerRbacLayers(proxy);
  return [
    needed('local-app', localAppInput(proxy), { ...place, resource: 'cluster' }),
    needed('roots', { name: ROOTS_SECRET }),
    ...layers.map((layer) => needed('rbac', { service, layer, name: RBAC_FILTERS[layer] })),
    ...(layers.includes('http') ? view.cell(tokenNeedsCell, service).resources : []),
    needed('public-listener', listener, { ...place, resource: 'listener' }),
    ...exposedNeeds(view, proxy),
  ];
}

/** Tokens are asked of connections, which have none, or of providers that cannot be followed. */
function tokenProblems(view: MeshView, proxy: ResolvedProxy, envoyVersion: string): readonly string[] {
  const needs = view.cell(tokenNeedsCell, proxy.service);
  const judgesRequests = publicListenerRbacLayers(proxy).every((layer) => layer === 'http');
  return judgesRequests
    ? [...needs.problems, ...fetchingProblems(envoyVersion, needs)]
    : unverifiedTokens(proxy.service, proxy.protocol, needs);
}

function localClusterProblems(proxy: ResolvedProxy): string[] {
  const text = configText(proxy.config, 'envoy_local_cluster_json');
  const parsed = text === '' ? undefined : parseEscapeHatch(text, 'envoy.config.cluster.v3.Cluster');
  return parsed && 'problem' in parsed ? [`envoy_local_cluster_json is ignored: ${parsed.problem}`] : [];
}

function placeProblems({ locality }: ResolvedProxy, served: readonly ServedUpstream[]): readonly string[] {
  if (locality || !served.some(({ resources }) => resources.some(({ byLocality }) => byLocality))) return [];
  return [
    'instances near this proxy are to be preferred (PrioritizeByLocality), but nobody said where it is: give its service, or its agent, a locality',
  ];
}

/** The resources of the declared upstreams, with what is wrong with them. */
function declaredNeeds(
  view: MeshView,
  proxy: ResolvedProxy,
  upstreams: readonly ResolvedUpstream[],
): readonly ServedUpstream[] {
  const settings = upstreamSettings(proxy);
  const parts = upstreams.map((upstream) => upstreamNeeds(view, settings, upstream));
  const destinations = parts.flatMap(({ needs }) => needs?.destinations ?? []);
  const epochs = view.cell(revocationEpochsCell, revocationEpochsKey(proxy.service, destinations));
  return parts.map(({ needs, served }) =>
    needs === undefined ? served : withResources(served, withEpoch(needs, greatestEpoch(epochs, needs.destinations))),
  );
}

const withResources = (served: ServedUpstream, resources: ServedUpstream['resources']): ServedUpstream =>
  resources === served.resources ? served : { ...served, resources };

interface DeclaredUpstream {
  readonly served: ServedUpstream;
  /** Absent when it is not served. */
  readonly needs?: UpstreamNeeds;
}

function upstreamNeeds(view: MeshView, settings: UpstreamSettings, upstream: ResolvedUpstream): DeclaredUpstream {
  const unserved = unservedUpstream(upstream);
  const isQuery = upstream.destinationType === 'prepared_query';
  const service = isQuery ? upstream.id : upstream.destinationName;
  if (unserved !== undefined) return { served: { service, resources: [], problems: [unserved] } };
  const key = upstreamNeedsKey({ upstream, ...settings });
  try {
    const needs = view.cell(isQuery ? queryNeedsCell : upstreamNeedsCell, key);
    const { resources, cluster, extended, problems } = needs;
    return { served: { service, resources, problems, cluster, extended }, needs };
  } catch (thrown) {
    return { served: { service, resources: [], problems: [AppError.from(thrown).message], fails: true } };
  }
}

function byTypeAndName(all: readonly NeededResource[]): ReadonlyMap<ResourceType, ReadonlyMap<string, string>> {
  const types: Record<ResourceType, Map<string, string>> = {
    cluster: new Map(),
    endpoint: new Map(),
    secret: new Map(),
    extension: new Map(),
    listener: new Map(),
    route: new Map(),
  };
  for (const { type, name, cell, own } of all) if (own !== false || !types[type].has(name)) types[type].set(name, cell);
  return new Map(
    (Object.entries(types) as [ResourceType, Map<string, string>][]).map(([type, names]) => [
      type,
      sharedNames(type, names),
    ]),
  );
}
