import { tupleKey, tupleParts } from '../../core/index.js';
import { meshEndpoints } from '../gateways/index.js';
import {
  type Cell,
  type CheckRecord,
  type MeshView,
  type NodeRecord,
  type ServiceRecord,
  nodeKey,
} from '../../model/index.js';

/** Which instances of a service. */
export interface InstancesOf {
  readonly service: string;
  /** The instances themselves, not their sidecars: for callers that have no sidecar. */
  readonly plain?: true;
  /** The terminating gateways that lead to the service, and nothing of its own: for addresses outside the mesh. */
  readonly gateways?: 'only';
}

/** An instance with its node. */
export interface MeshInstance {
  readonly node: NodeRecord;
  readonly service: ServiceRecord;
}

/** An instance with all that says how it is. */
export interface CheckedInstance extends MeshInstance {
  readonly checks: readonly CheckRecord[];
}

/** Key of `checkedInstancesCell`. */
export const checkedInstancesKey = ({ service, plain, gateways }: InstancesOf): string =>
  tupleKey(service, plain ? 'plain' : (gateways ?? ''));

/** The instances of a service with their checks, read once for all of its subsets, in order of node and id. */
export const checkedInstancesCell: Cell<readonly CheckedInstance[]> = {
  kind: 'checked-instances',
  compute(view, key) {
    const [service = '', which = ''] = tupleParts(key);
    const wanted = {
      service,
      ...(which === 'plain' ? { plain: true as const } : {}),
      ...(which === 'only' ? { gateways: 'only' as const } : {}),
    };
    // Instances of a node stand together.
    let last: NodeRecord | undefined;
    let ofNode: readonly CheckRecord[] = [];
    return meshInstances(view, wanted).map(({ node, service: instance }) => {
      if (node !== last) ofNode = nodeChecks(view, node);
      last = node;
      return { node, service: instance, checks: joined(ofNode, ownChecks(view, instance)) };
    });
  },
};

/** The instances of a service whose node is known, in order of node and id. */
export function meshInstances(view: MeshView, wanted: InstancesOf): readonly MeshInstance[] {
  const found: MeshInstance[] = [];
  let name: string | undefined;
  let node: NodeRecord | undefined;
  for (const service of registered(view, wanted)) {
    if (service.node !== name) node = view.get('nodes', nodeKey(service.node));
    name = service.node;
    if (node) found.push({ node, service });
  }
  return found;
}

function registered(view: MeshView, { service, plain, gateways }: InstancesOf): readonly ServiceRecord[] {
  if (plain) return view.range('services', 'byName', [service]).filter((instance) => instance.kind === '');
  const all = meshEndpoints(view, service);
  return gateways === 'only' ? all.filter(({ kind }) => kind === 'terminating-gateway') : all;
}

/** The checks that say how an instance is: its node's and its own. */
export function instanceChecks(view: MeshView, service: ServiceRecord): readonly CheckRecord[] {
  return joined(nodeChecks(view, service), ownChecks(view, service));
}

const nodeChecks = (view: MeshView, { node }: { readonly node: string }): readonly CheckRecord[] =>
  view.range('checks', 'byInstance', [nodeKey(node), '']);

const ownChecks = (view: MeshView, { node, id }: ServiceRecord): readonly CheckRecord[] =>
  view.range('checks', 'byInstance', [nodeKey(node), id]);

const joined = (ofNode: readonly CheckRecord[], own: readonly CheckRecord[]): readonly CheckRecord[] =>
  ofNode.length === 0 ? own : [...ofNode, ...own];
