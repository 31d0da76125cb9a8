import { exposingInstances } from '../../mesh/gateways/index.js';
import { type Cell, type CheckRecord, type MeshView, type NodeRecord, nodeKey } from '../../model/index.js';
import {
  type InstanceHealth,
  type ServiceOnNode,
  connectInstancesCell,
  mergeInstances,
  withNodes,
} from '../catalog/index.js';

/** A check with the node it is on, for `node-meta`. */
export interface CheckOnNode {
  readonly check: CheckRecord;
  readonly node: NodeRecord | undefined;
}

/** The instances of a service with their checks. Key: the service's name, in lower case. */
export const serviceHealthCell: Cell<readonly InstanceHealth[]> = {
  kind: 'health-service',
  compute: (view, name) => withChecks(view, withNodes(view, view.range('services', 'byFoldedName', [name]))),
};

/** The mesh endpoints of a service with their checks, as `connectInstancesCell` lists them. Key: the service's name. */
export const connectHealthCell: Cell<readonly InstanceHealth[]> = {
  kind: 'health-connect',
  compute: (view, name) => withChecks(view, view.cell(connectInstancesCell, name)),
};

/** The ingress gateways that expose a service, with their checks; by gateway. Key: the service's name. */
export const ingressHealthCell: Cell<readonly InstanceHealth[]> = {
  kind: 'health-ingress',
  compute: (view, name) => withChecks(view, withNodes(view, exposingInstances(view, name))),
};

/** `serviceHealthCell` with central configuration merged into proxies. Same key. */
export const mergedServiceHealthCell: Cell<readonly InstanceHealth[]> = {
  kind: 'health-service-merged',
  compute: (view, name) => mergeInstances(view, view.cell(serviceHealthCell, name)),
};

/** `connectHealthCell` with central configuration merged into proxies. Same key. */
export const mergedConnectHealthCell: Cell<readonly InstanceHealth[]> = {
  kind: 'health-connect-merged',
  compute: (view, name) => mergeInstances(view, view.cell(connectHealthCell, name)),
};

/** `ingressHealthCell` with central configuration merged into proxies. Same key. */
export const mergedIngressHealthCell: Cell<readonly InstanceHealth[]> = {
  kind: 'health-ingress-merged',
  compute: (view, name) => mergeInstances(view, view.cell(ingressHealthCell, name)),
};

/** The checks on a node, its services' included. Key: the node's name. */
export const nodeChecksCell: Cell<readonly CheckRecord[]> = {
  kind: 'health-node',
  compute: (view, name) => view.range('checks', 'byNode', [nodeKey(name)]),
};

/** The checks of a service's instances, without those of their nodes. Key: the service's name. */
export const serviceChecksCell: Cell<readonly CheckOnNode[]> = {
  kind: 'health-checks',
  compute: (view, name) => onNodes(view, view.range('checks', 'byService', [name])),
};

/** The checks in a state. Key: the state, or `any`. */
export const stateChecksCell: Cell<readonly CheckOnNode[]> = {
  kind: 'health-state',
  compute: (view, state) =>
    onNodes(view, state === 'any' ? view.range('checks', 'all', []) : view.range('checks', 'byStatus', [state])),
};

function withChecks(view: MeshView, instances: readonly ServiceOnNode[]): readonly InstanceHealth[] {
  return instances.map(({ node, service }) => ({
    node,
    service,
    checks: [
      ...view.range('checks', 'byInstance', [nodeKey(node.node), '']),
      ...view.range('checks', 'byInstance', [nodeKey(node.node), service.id]),
    ],
  }));
}

function onNodes(view: MeshView, checks: readonly CheckRecord[]): readonly CheckOnNode[] {
  return checks.map((check) => ({ check, node: view.get('nodes', nodeKey(check.node)) }));
}
