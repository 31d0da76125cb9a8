import type { MeshView } from '../../../model/index.js';
import { chainKey, discoveryChainCell } from '../../../mesh/discovery-chain/index.js';
import { proxyKey, resolvedProxyCell } from '../../../mesh/proxy/index.js';
import { clustersOf, proxylessClusterName, proxylessRouteName, proxylessServiceOf } from './proxyless-names.js';
import { type NeededResource, needed } from '../resource-cell.js';
import type { ProxyIdentity, ResourceType } from '../spec.js';

/** Names that services have; what else a client asks for is not one (a port behind the name is not part of it). */
const SERVICE_NAME = /^([A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?)(?::\d+)?$/;

/**
 * The key of the cell behind a name that a gRPC client without a proxy asks for: the listener of a service (`xds:///api`), and the
 * routes, clusters and endpoints that this leads to. undefined = there is no such thing for anybody. The client is a registered
 * proxy, whose service is the caller; its connections are not encrypted by us.
 */
export function proxylessResourceKey(
  view: MeshView,
  identity: ProxyIdentity,
  type: ResourceType,
  name: string,
): string | undefined {
  const service = type === 'listener' ? SERVICE_NAME.exec(name)?.[1] : proxylessServiceOf(name);
  if (service === undefined) return undefined;
  const chain = chainKey({ service, evaluateInDatacenter: identity.datacenter, overrides: {} });
  const common = { name, service, chain };
  if (type === 'listener') return needed('proxyless-listener', common).cell;
  if (type === 'route')
    return name === proxylessRouteName(service) ? needed('proxyless-route', common).cell : undefined;
  return type === 'cluster' || type === 'endpoint' ? clusterNeed(view, identity, type, common)?.cell : undefined;
}

function clusterNeed(
  view: MeshView,
  identity: ProxyIdentity,
  type: 'cluster' | 'endpoint',
  common: { readonly name: string; readonly service: string; readonly chain: string },
): NeededResource | undefined {
  const result = view.cell(discoveryChainCell, common.chain);
  if (!result.ok) return undefined;
  const found = [...clustersOf(result.chain)].find(
    ([cluster]) => proxylessClusterName(common.service, cluster) === common.name,
  );
  if (found === undefined) return undefined;
  const [, { node, target, failover }] = found;
  const place = { ...common, node, ...(failover === undefined ? {} : { failover }) };
  if (type === 'cluster') return needed('proxyless-cluster', { ...place, ...(target === undefined ? {} : { target }) });
  if (target === undefined) return undefined;
  const from = view.cell(resolvedProxyCell, proxyKey({ node: identity.node, proxyId: identity.proxyId }))?.locality;
  return needed('proxyless-endpoints', { ...place, target, source: identity.service, ...(from ? { from } : {}) });
}
