import { jsonKey, jsonKeyInput } from '../../core/index.js';
import {
  type Cell,
  type CheckRecord,
  type MeshView,
  type NodeRecord,
  type PreparedQueryRecord,
  type QueriedService,
  type ServiceRecord,
  nodeKey,
} from '../../model/index.js';
import { meshEndpoints } from '../gateways/index.js';
import { instanceChecks } from '../proxy/index.js';
import { findQuery } from './find-query.js';
import { isSelected } from './select-instance.js';

/** What is asked of a query. */
export interface QueryRequest {
  /** Id or name. */
  readonly query: string;
  /** Where it is carried out. */
  readonly datacenter: string;
  /** Mesh endpoints are wanted, whatever the query says. */
  readonly connect: boolean;
}

/** An instance that a query selects; checks that the query ignores are not among its checks. */
export interface QueriedInstance {
  readonly node: NodeRecord;
  readonly service: ServiceRecord;
  readonly checks: readonly CheckRecord[];
}

/** What a query finds, in order of node and id. */
export type QueryAnswer =
  | {
      readonly type: 'found';
      readonly query: PreparedQueryRecord;
      /** What was asked for, filled in. */
      readonly service: QueriedService;
      readonly instances: readonly QueriedInstance[];
      /** Where the instances are; a peer instead of a datacenter when it is not empty. */
      readonly datacenter: string;
      readonly peer: string;
      /** How many other places were asked. */
      readonly failovers: number;
    }
  | { readonly type: 'none' }
  | { readonly type: 'unusable'; readonly problem: string };

/** Key of `queryAnswerCell`. */
export const queryKey = (request: QueryRequest): string => jsonKey(request);

/** What a prepared query finds (consul-behaviour.md 1.13). Key: `queryKey`. */
export const queryAnswerCell: Cell<QueryAnswer> = {
  kind: 'query-answer',
  compute(view, key) {
    const { query: idOrName, datacenter, connect } = jsonKeyInput<QueryRequest>(key);
    const found = findQuery(view, idOrName);
    if (found.type !== 'found') return found;
    const service = { ...found.service, connect: found.service.connect || connect };
    const own: Place = { datacenter, peer: service.peer };
    let answer = { place: own, instances: instancesAt(view, service, own), failovers: 0 };
    for (const place of failoverPlaces(view, service, datacenter)) {
      if (answer.instances.length > 0) break;
      answer = { place, instances: instancesAt(view, service, place), failovers: answer.failovers + 1 };
    }
    const { place, ...rest } = answer;
    return { type: 'found', query: found.query, service, ...rest, ...place };
  },
};

interface Place {
  readonly datacenter: string;
  readonly peer: string;
}

/**
 * Where a query looks after its own datacenter: as listed, without what is not known. Distances of datacenters are not measured,
 * so none is among the nearest.
 */
function failoverPlaces(view: MeshView, { failover }: QueriedService, local: string): readonly Place[] {
  const listed = failover.targets ?? (failover.datacenters ?? []).map((datacenter) => ({ datacenter, peer: '' }));
  if (listed.length === 0) return [];
  const known = new Set(view.range('nodes', 'all', []).map((node) => node.datacenter));
  return listed.filter(({ datacenter, peer }) => peer !== '' || (datacenter !== local && known.has(datacenter)));
}

/** What is selected at one place. Nothing is imported from peers, so they have none. */
function instancesAt(view: MeshView, wanted: QueriedService, { datacenter, peer }: Place): readonly QueriedInstance[] {
  if (peer !== '') return [];
  const services = wanted.connect
    ? meshEndpoints(view, wanted.service)
    : view.range('services', 'byFoldedName', [wanted.service.toLowerCase()]);
  return services.flatMap((service) => {
    const node = view.get('nodes', nodeKey(service.node));
    if (node?.datacenter !== datacenter) return [];
    const instance = { node, service, checks: checksOf(view, service, wanted) };
    return isSelected(instance, wanted) ? [instance] : [];
  });
}

function checksOf(view: MeshView, service: ServiceRecord, { ignoreCheckIds }: QueriedService): readonly CheckRecord[] {
  const ignored = new Set(ignoreCheckIds ?? []);
  return instanceChecks(view, service).filter((check) => !ignored.has(check.checkId));
}
