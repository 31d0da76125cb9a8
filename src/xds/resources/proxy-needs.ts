import { AppError } from '../../core/index.js';
import type { Cell, MeshView } from '../../model/index.js';
import { trustDomainOf } from '../../mesh/discovery-chain/index.js';
import { proxyKey, type ResolvedProxy, resolvedProxyCell, serviceSpiffeId } from '../../mesh/proxy/index.js';
import { exposedNeeds } from './expose-needs.js';
import { numberSetting } from './local-app.js';
import { publicListenerName, publicListenerProblems, publicListenerRbacLayers } from './public-listener.js';
import { RBAC_FILTERS } from './rbac.js';
import { type NeededResource, needed } from './resource-cell.js';
import { type ProxyNeeds, ROOTS_SECRET, type ResourceType } from './spec.js';
import { upstreamNeedsCell, upstreamNeedsKey } from './upstream-needs.js';

/** Everything a sidecar needs; undefined when it is not registered or the CA is not ready. Key: `proxyKey`. */
export const proxyNeedsCell: Cell<ProxyNeeds | undefined> = {
  kind: 'proxy-needs',
  compute(view, key) {
    const proxy = view.cell(resolvedProxyCell, key);
    const trustDomain = trustDomainOf(view);
    if (proxy === undefined || trustDomain === '') return undefined;
    const upstreams = proxy.upstreams.map((upstream) => upstreamNeeds(view, proxy, upstream));
    const all = [...ownNeeds(proxy), ...upstreams.flatMap((upstream) => ('needs' in upstream ? upstream.needs : []))];
    const failed = upstreams.flatMap((upstream) => ('problem' in upstream ? [upstream.problem] : []));
    return {
      identity: {
        node: proxy.node,
        proxyId: proxy.proxyId,
        service: proxy.service,
        datacenter: proxy.datacenter,
        trustDomain,
        spiffeId: serviceSpiffeId(trustDomain, proxy.datacenter, proxy.service),
      },
      resources: byTypeAndName(all),
      ...(failed.length > 0 ? { keepsOthers: true as const } : {}),
      problems: [...publicListenerProblems(proxy), ...failed],
    };
  },
};

function ownNeeds(proxy: ResolvedProxy): NeededResource[] {
  const key = proxyKey(proxy);
  return [
    needed('local-app', { proxy: key, name: 'local_app' }),
    needed('roots', { name: ROOTS_SECRET }),
    ...publicListenerRbacLayers(proxy).map((layer) =>
      needed('rbac', { service: proxy.service, layer, name: RBAC_FILTERS[layer] }),
    ),
    needed('public-listener', { node: proxy.node, proxyId: proxy.proxyId, name: publicListenerName(proxy) }),
    ...exposedNeeds(proxy),
  ];
}

/** The resources of one upstream, or why it has none now. */
function upstreamNeeds(
  view: MeshView,
  proxy: ResolvedProxy,
  upstream: ResolvedProxy['upstreams'][number],
): { readonly needs: readonly NeededResource[] } | { readonly problem: string } {
  if (upstream.destinationType !== 'service')
    return { problem: `upstream ${upstream.id}: prepared queries are not implemented as upstreams` };
  const fetchTimeoutMs = numberSetting(proxy, 'xds_fetch_timeout_ms');
  const tracingJson = proxy.config['envoy_listener_tracing_json'];
  const key = upstreamNeedsKey({
    upstream,
    source: proxy.service,
    ...(fetchTimeoutMs === undefined ? {} : { fetchTimeoutMs }),
    ...(proxy.accessLogs?.enabled ? { accessLogs: proxy.accessLogs } : {}),
    ...(typeof tracingJson === 'string' ? { tracingJson } : {}),
  });
  try {
    return { needs: view.cell(upstreamNeedsCell, key) };
  } catch (thrown) {
    return { problem: AppError.from(thrown).message };
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
  for (const { type, name, cell } of all) types[type].set(name, cell);
  return new Map(Object.entries(types) as [ResourceType, Map<string, string>][]);
}
