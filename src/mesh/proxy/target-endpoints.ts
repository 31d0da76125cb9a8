import { canonicalJson } from '../../core/index.js';
import { compileFilter } from '../../lang/filter/index.js';
import { meshEndpoints } from '../gateways/index.js';
import {
  type Cell,
  type CheckRecord,
  type Locality,
  type MeshView,
  type NodeRecord,
  type ServiceRecord,
  nodeKey,
} from '../../model/index.js';

/** Which instances a target means. */
export interface TargetSelection {
  readonly service: string;
  readonly datacenter: string;
  /** Filter expression of the subset; empty = all. */
  readonly filter: string;
  /** Warning instances count as unhealthy too. */
  readonly onlyPassing: boolean;
  /** The instances themselves, not their sidecars: for callers that have no sidecar. */
  readonly plain?: true;
  /** The terminating gateways that lead to the service, and nothing of its own: for addresses outside the mesh. */
  readonly gateways?: 'only';
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
  readonly locality?: Locality;
}

/** Key of `targetEndpointsCell`. */
export const targetEndpointsKey = (selection: TargetSelection): string => canonicalJson(selection);

const HIGHEST_WEIGHT = 128;

/**
 * The endpoints of a target in order of node and id, with health and weight (consul-behaviour 6.5). The state holds instances of
 * its own datacenter only: a target elsewhere has none.
 */
export const targetEndpointsCell: Cell<readonly TargetEndpoint[]> = {
  kind: 'target-endpoints',
  compute(view, key) {
    const selection = JSON.parse(key) as TargetSelection;
    return selectedInstances(view, selection).map(({ node, service }) =>
      instanceEndpoint(node, service, instanceChecks(view, service), selection.onlyPassing),
    );
  },
};

/** An instance that a target means, with its node. */
export interface SelectedInstance {
  readonly node: NodeRecord;
  readonly service: ServiceRecord;
}

/** The instances that a target means, in order of node and id. How they are is looked at only where a filter may ask. */
export function selectedInstances(view: MeshView, selection: TargetSelection): readonly SelectedInstance[] {
  const selects = selection.filter === '' ? undefined : compileFilter(selection.filter);
  // A gateway leads to every subset: it does the choosing itself.
  const isAny = ({ kind }: ServiceRecord): boolean => kind === 'terminating-gateway';
  const selected: SelectedInstance[] = [];
  for (const service of instancesOf(view, selection)) {
    const node = view.get('nodes', nodeKey(service.node));
    if (node?.datacenter !== selection.datacenter) continue;
    if (selects === undefined || isAny(service) || selects(filterable(view, node, service)))
      selected.push({ node, service });
  }
  return selected;
}

function instancesOf(view: MeshView, { service, plain, gateways }: TargetSelection): readonly ServiceRecord[] {
  if (plain) return view.range('services', 'byName', [service]).filter((instance) => instance.kind === '');
  const all = meshEndpoints(view, service);
  return gateways === 'only' ? all.filter(({ kind }) => kind === 'terminating-gateway') : all;
}

/** The checks that say how an instance is: its node's and its own. */
export function instanceChecks(view: MeshView, service: ServiceRecord): readonly CheckRecord[] {
  const node = nodeKey(service.node);
  return [...view.range('checks', 'byInstance', [node, '']), ...view.range('checks', 'byInstance', [node, service.id])];
}

/** An instance as an endpoint, with health and weight (consul-behaviour 6.5). */
export function instanceEndpoint(
  node: NodeRecord,
  service: ServiceRecord,
  checks: readonly CheckRecord[],
  onlyPassing: boolean,
): TargetEndpoint {
  const critical = checks.some((check) => check.status === 'critical');
  const warning = checks.some((check) => check.status === 'warning');
  const locality = service.locality ?? node.locality;
  const weight = warning && !critical ? service.weights.warning : service.weights.passing;
  return {
    address: service.address || node.address,
    port: service.port,
    socketPath: service.socketPath,
    healthy: !critical && !(onlyPassing && warning) && weight > 0,
    weight: Math.min(Math.max(weight, 1), HIGHEST_WEIGHT),
    ...(locality ? { locality } : {}),
  };
}

/**
 * What a subset's filter may select from: the API's spelling of node, service and checks (consul-behaviour 1.1). What it does not
 * look at is not made, and not read.
 */
function filterable(view: MeshView, node: NodeRecord, service: ServiceRecord): object {
  return {
    get Node() {
      return filterableNode(node);
    },
    get Service() {
      return filterableService(service);
    },
    get Checks() {
      return instanceChecks(view, service).map(filterableCheck);
    },
  };
}

const filterableNode = (node: NodeRecord): object => ({
  ID: node.id,
  Node: node.node,
  Address: node.address,
  Datacenter: node.datacenter,
  TaggedAddresses: node.taggedAddresses,
  Meta: node.meta,
});

const filterableService = (service: ServiceRecord): object => ({
  Kind: service.kind,
  ID: service.id,
  Service: service.service,
  Tags: service.tags,
  Address: service.address,
  Port: service.port,
  Meta: service.meta,
  Weights: { Passing: service.weights.passing, Warning: service.weights.warning },
  EnableTagOverride: service.enableTagOverride,
  Connect: { Native: service.connect.native },
  Proxy: {
    DestinationServiceName: service.proxy?.destinationServiceName ?? '',
    DestinationServiceID: service.proxy?.destinationServiceId ?? '',
    LocalServiceAddress: service.proxy?.localServiceAddress ?? '',
    LocalServicePort: service.proxy?.localServicePort ?? 0,
    Mode: service.proxy?.mode ?? '',
  },
  TaggedAddresses: Object.fromEntries(
    Object.entries(service.taggedAddresses).map(([name, { address, port }]) => [
      name,
      { Address: address, Port: port },
    ]),
  ),
});

const filterableCheck = (check: CheckRecord): object => ({
  Node: check.node,
  CheckID: check.checkId,
  Name: check.name,
  Status: check.status,
  Notes: check.notes,
  Output: check.output,
  ServiceID: check.serviceId,
  ServiceName: check.serviceName,
  ServiceTags: check.serviceTags,
  Type: check.type,
});
