import { jsonKey, jsonKeyInput } from '../../core/index.js';
import type { Cell, CheckRecord, Locality, MeshView, NodeRecord, ServiceRecord } from '../../model/index.js';
import { instanceFilter } from './instance-filter.js';
import {
  type InstancesOf,
  type MeshInstance,
  checkedInstancesCell,
  checkedInstancesKey,
  instanceChecks,
  meshInstances,
} from './mesh-instances.js';

/** Which instances a target means. */
export interface TargetSelection extends InstancesOf {
  readonly datacenter: string;
  /** Filter expression of the subset; empty = all. */
  readonly filter: string;
  /** Warning instances count as unhealthy too. */
  readonly onlyPassing: boolean;
}

/** A mesh endpoint: an instance's sidecar, the instance itself when it speaks mesh natively, or a terminating gateway that leads to it. */
export interface TargetEndpoint {
  readonly address: string;
  readonly port: number;
  /** Set instead of address and port. */
  readonly socketPath: string;
  readonly healthy: boolean;
  /** 1 to 128. */
  readonly weight: number;
  /** Of the instance, else of its node; absent = not known. */
  readonly locality?: Locality | undefined;
}

/** Key of `targetEndpointsCell`. */
export const targetEndpointsKey = (selection: TargetSelection): string => jsonKey(selection);

const HIGHEST_WEIGHT = 128;

/**
 * The endpoints of a target in order of node and id, with health and weight (consul-behaviour 6.5). The state holds instances of
 * its own datacenter only: a target elsewhere has none.
 */
export const targetEndpointsCell: Cell<readonly TargetEndpoint[]> = {
  kind: 'target-endpoints',
  compute(view, key) {
    const selection = jsonKeyInput<TargetSelection>(key);
    const instances = view.cell(checkedInstancesCell, checkedInstancesKey(selection));
    return selected(instances, selection, ({ checks }) => checks).map(({ node, service, checks }) =>
      instanceEndpoint(node, service, checks, selection.onlyPassing),
    );
  },
};

/** The instances that a target means, in order of node and id. How they are is looked at only where a filter may ask. */
export function selectedInstances(view: MeshView, selection: TargetSelection): readonly MeshInstance[] {
  return selected(meshInstances(view, selection), selection, ({ service }) => instanceChecks(view, service));
}

function selected<Instance extends MeshInstance>(
  instances: readonly Instance[],
  { filter, datacenter }: TargetSelection,
  checksOf: (instance: Instance) => readonly CheckRecord[],
): readonly Instance[] {
  const selects = filter === '' ? undefined : instanceFilter(filter);
  const found: Instance[] = [];
  for (const instance of instances) {
    const { node, service } = instance;
    if (node.datacenter !== datacenter) continue;
    // A gateway leads to every subset: it does the choosing itself.
    const isWhole = selects === undefined || service.kind === 'terminating-gateway';
    if (isWhole || selects(node, service, () => checksOf(instance))) found.push(instance);
  }
  return found;
}

/** An instance as an endpoint, with health and weight (consul-behaviour 6.5). */
export function instanceEndpoint(
  node: NodeRecord,
  service: ServiceRecord,
  checks: readonly CheckRecord[],
  onlyPassing: boolean,
): TargetEndpoint {
  let critical = false;
  let warning = false;
  for (const { status } of checks) {
    critical ||= status === 'critical';
    warning ||= status === 'warning';
  }
  const weight = warning && !critical ? service.weights.warning : service.weights.passing;
  return {
    address: service.address || node.address,
    port: service.port,
    socketPath: service.socketPath,
    healthy: !critical && !(onlyPassing && warning) && weight > 0,
    weight: Math.min(Math.max(weight, 1), HIGHEST_WEIGHT),
    locality: service.locality ?? node.locality,
  };
}
