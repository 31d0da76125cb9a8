import { defaultIntentionPolicy, intentionDecision, intentionsToCell } from '../../../mesh/intentions/index.js';
import { type TargetEndpoint, targetEndpointsCell, targetEndpointsKey } from '../../../mesh/proxy/index.js';
import { type Locality, type MeshView, configEntryKey } from '../../../model/index.js';
import { packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import { type ChainTargetInput, chainOf, targetOf } from '../upstreams/chain-input.js';
import { chainRoutes } from '../routes/chain-routes.js';
import type { EnvoyRoute } from '../routes/route-action.js';
import { durationOf, fetchSource } from '../config-sources.js';
import { isUsable, toEndpoint } from '../clusters/endpoints.js';
import { type PlacedEndpoints, byLocality } from '../clusters/locality-priorities.js';
import { loadBalancing } from '../clusters/load-balancing.js';
import { clustersOf, proxylessClusterName, proxylessRouteName } from './proxyless-names.js';

/** The place of instances of which nobody said where they are. */
const NOWHERE = 'not known';

/** Whom a client without a proxy calls: a service, along the chain of that key. */
export interface ProxylessInput {
  readonly name: string;
  readonly service: string;
  readonly chain: string;
}

export type ProxylessClusterInput = ProxylessInput & Omit<ChainTargetInput, 'target'> & { readonly target?: string };

/** One cluster's endpoints; `source` is the service that calls, `from` where it is. */
export type ProxylessEndpointsInput = ProxylessInput &
  ChainTargetInput & { readonly source: string; readonly from?: Locality };

/** What a gRPC client asks for as `xds:///<service>`. Filters stay inline: it knows no extension discovery. */
export const proxylessListener: Builder<ProxylessInput> = (view, { name, service, chain }) => {
  if (chainOf(view, chain) === undefined || !isKnown(view, service)) return undefined;
  const routes = proxylessRouteName(service);
  const manager = packAny('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: `proxyless.${service}`,
    rds: { route_config_name: routes, config_source: fetchSource(undefined) },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: packAny('envoy.extensions.filters.http.router.v3.Router', {}),
      },
    ],
  });
  const any = packAny('envoy.config.listener.v3.Listener', { name, api_listener: { api_listener: manager } });
  return { name, any, references: [{ type: 'route', name: routes }] };
};

/** The routes of the chain, to clusters without mutual TLS. */
export const proxylessRoute: Builder<ProxylessInput> = (view, { name, service, chain: key }) => {
  const chain = chainOf(view, key);
  if (chain === undefined) return undefined;
  const routes = chainRoutes(chain).map((route) => withClusters(route, service));
  const any = packAny('envoy.config.route.v3.RouteConfiguration', {
    name,
    virtual_hosts: [{ name, domains: ['*'], routes }],
  });
  return { name, any };
};

/** One target's cluster, or the one over all that a resolver fails over to. */
export const proxylessCluster: Builder<ProxylessClusterInput> = (view, input) => {
  const chain = chainOf(view, input.chain);
  const node = chain?.nodes[input.node];
  if (chain === undefined || node?.type !== 'resolver') return undefined;
  const { name } = input;
  const connect_timeout = durationOf(node.resolver.connectTimeoutMs);
  if (input.target === undefined) {
    const members = [...clustersOf(chain)].flatMap(([cluster, { node: at, failover }]) =>
      at === input.node && failover !== undefined ? [proxylessClusterName(input.service, cluster)] : [],
    );
    const any = packAny('envoy.config.cluster.v3.Cluster', {
      name,
      connect_timeout,
      // Of the aggregate; a gRPC client does not know the policy that Envoy wants here.
      lb_policy: 'ROUND_ROBIN',
      cluster_type: {
        name: 'envoy.clusters.aggregate',
        typed_config: packAny('envoy.extensions.clusters.aggregate.v3.ClusterConfig', { clusters: members }),
      },
    });
    return { name, any, references: members.map((member) => ({ type: 'cluster' as const, name: member })) };
  }
  // A gRPC client refuses policies that it does not know.
  const balancing = loadBalancing(node.loadBalancer);
  const any = packAny('envoy.config.cluster.v3.Cluster', {
    name,
    connect_timeout,
    type: 'EDS',
    eds_cluster_config: { eds_config: fetchSource(undefined), service_name: name },
    ...(balancing.lb_policy === 'RING_HASH' ? balancing : { lb_policy: 'ROUND_ROBIN' as const }),
  });
  return { name, any, references: [{ type: 'endpoint', name }] };
};

/**
 * The instances themselves, for there is no sidecar in between: none for a caller that the intentions do not let connect, since
 * nobody else would stop it.
 */
export const proxylessEndpoints: Builder<ProxylessEndpointsInput> = (view, input) => {
  const found = targetOf(view, input);
  if (found === undefined) return undefined;
  const { service, datacenter, peer, subset } = found.target;
  const key = targetEndpointsKey({ service, datacenter, ...subset, plain: true });
  const allowed = peer === '' && mayConnect(view, input.source, service);
  const known = allowed ? view.cell(targetEndpointsCell, key).filter(isUsable) : [];
  const prefersNear = found.target.prioritizeByLocality?.mode === 'failover';
  const places = prefersNear && input.from ? byLocality(known, input.from) : [];
  const any = packAny('envoy.config.endpoint.v3.ClusterLoadAssignment', {
    cluster_name: input.name,
    endpoints: places.length > 0 ? places.map(toPlace) : [anywhere(datacenter, known)],
  });
  return { name: input.name, any, entries: [`service-intentions/${service}`] };
};

/** A gRPC client leaves out localities without a weight. */
function anywhere(region: string, known: readonly TargetEndpoint[]) {
  return { locality: { region }, load_balancing_weight: { value: 1 }, lb_endpoints: known.map(toEndpoint) };
}

/** A gRPC client wants a name for every place, and chooses among those of one turn by their weights. */
function toPlace({ locality, priority, endpoints }: PlacedEndpoints) {
  return {
    locality: locality ? { region: locality.region, zone: locality.zone } : { sub_zone: NOWHERE },
    priority,
    load_balancing_weight: { value: endpoints.reduce((sum, { weight }) => sum + weight, 0) },
    lb_endpoints: endpoints.map(toEndpoint),
  };
}

function mayConnect(view: MeshView, source: string, destination: string): boolean {
  const intentions = view.cell(intentionsToCell, destination);
  return intentionDecision(intentions, defaultIntentionPolicy(view), { name: source }).allowed;
}

/** Whether there is anything of this name: instances, or an entry that leads somewhere else. */
function isKnown(view: MeshView, service: string): boolean {
  return (
    view.range('services', 'byName', [service]).length > 0 ||
    (['service-router', 'service-splitter', 'service-resolver'] as const).some(
      (kind) => view.get('config-entries', configEntryKey(kind, service)) !== undefined,
    )
  );
}

/** Names of such clients' clusters. Without what needs filters that they do not have, which would make them refuse all. */
function withClusters({ typed_per_filter_config: _filters, ...route }: EnvoyRoute, service: string): EnvoyRoute {
  if (!route.route) return route;
  const { request_mirror_policies: _mirrors, ...action } = route.route;
  const { cluster, weighted_clusters: weighted } = action;
  return {
    ...route,
    route: {
      ...action,
      ...(cluster === undefined ? {} : { cluster: proxylessClusterName(service, cluster) }),
      ...(weighted
        ? {
            weighted_clusters: {
              ...weighted,
              clusters: (weighted.clusters ?? []).map((one) => ({
                ...one,
                name: proxylessClusterName(service, one.name ?? ''),
              })),
            },
          }
        : {}),
    },
  };
}
