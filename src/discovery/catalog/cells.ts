import {
  type Cell,
  type CheckRecord,
  type MeshView,
  type NodeRecord,
  type ServiceRecord,
  nodeKey,
} from '../../model/index.js';
import { meshEndpoints } from '../../mesh/gateways/index.js';
import { mergeCentralConfig } from './central-config.js';

/** A service instance with its node, as the catalog lists it. */
export interface ServiceOnNode {
  readonly node: NodeRecord;
  readonly service: ServiceRecord;
}

/** A service instance with its node and the checks that say how it is: the node's and its own. */
export interface InstanceHealth extends ServiceOnNode {
  readonly checks: readonly CheckRecord[];
}

/** A node with its services, ordered by id. */
export interface NodeWithServices {
  readonly node: NodeRecord;
  readonly services: readonly ServiceRecord[];
}

/** Every node, ordered by name. Key: ''. */
export const nodesCell: Cell<readonly NodeRecord[]> = {
  kind: 'catalog-nodes',
  compute: (view) => view.range('nodes', 'all', []),
};

/** Every service instance. Key: ''. */
export const servicesCell: Cell<readonly ServiceRecord[]> = {
  kind: 'catalog-services',
  compute: (view) => view.range('services', 'all', []),
};

/** Every service instance with its node. Key: ''. */
export const servicesOnNodesCell: Cell<readonly ServiceOnNode[]> = {
  kind: 'catalog-services-on-nodes',
  compute: (view) => withNodes(view, view.range('services', 'all', [])),
};

/** The instances of a service. Key: the service's name, in lower case. */
export const serviceInstancesCell: Cell<readonly ServiceOnNode[]> = {
  kind: 'catalog-service',
  compute: (view, name) => withNodes(view, view.range('services', 'byFoldedName', [name])),
};

/**
 * The mesh endpoints of a service: its sidecars and native instances, and the terminating gateways that lead to it. Key: the
 * service's name.
 */
export const connectInstancesCell: Cell<readonly ServiceOnNode[]> = {
  kind: 'catalog-connect',
  compute: (view, name) => withNodes(view, meshEndpoints(view, name)),
};

/** A node with its services, or undefined. Key: the node's name, or its id. */
export const nodeServicesCell: Cell<NodeWithServices | undefined> = {
  kind: 'catalog-node',
  compute: (view, nameOrId) => {
    const node = view.get('nodes', nodeKey(nameOrId)) ?? view.range('nodes', 'byId', [nameOrId.toLowerCase()])[0];
    return node && { node, services: view.range('services', 'byNode', [nodeKey(node.node)]) };
  },
};

/** `serviceInstancesCell` with central configuration merged into proxies. Same key. */
export const mergedServiceInstancesCell: Cell<readonly ServiceOnNode[]> = {
  kind: 'catalog-service-merged',
  compute: (view, name) => mergeInstances(view, view.cell(serviceInstancesCell, name)),
};

/** `connectInstancesCell` with central configuration merged into proxies. Same key. */
export const mergedConnectInstancesCell: Cell<readonly ServiceOnNode[]> = {
  kind: 'catalog-connect-merged',
  compute: (view, name) => mergeInstances(view, view.cell(connectInstancesCell, name)),
};

/** `nodeServicesCell` with central configuration merged into proxies. Same key. */
export const mergedNodeServicesCell: Cell<NodeWithServices | undefined> = {
  kind: 'catalog-node-merged',
  compute: (view, name) => {
    const found = view.cell(nodeServicesCell, name);
    return found && { ...found, services: found.services.map((service) => mergeCentralConfig(view, service)) };
  },
};

/** Merges central configuration into the proxies among instances. */
export function mergeInstances<Instance extends ServiceOnNode>(
  view: MeshView,
  instances: readonly Instance[],
): readonly Instance[] {
  return instances.map((instance) => ({ ...instance, service: mergeCentralConfig(view, instance.service) }));
}

/** Pairs instances with their nodes. An instance whose node is gone (never, unless the data is foreign) is left out. */
export function withNodes(view: MeshView, services: readonly ServiceRecord[]): readonly ServiceOnNode[] {
  return services.flatMap((service) => {
    const node = view.get('nodes', nodeKey(service.node));
    return node === undefined ? [] : [{ node, service }];
  });
}
