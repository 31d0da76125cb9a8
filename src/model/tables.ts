import { type CellDefinition, type View, tupleKey } from '../core/index.js';
import { type ConfigEntryRecord, configEntryReferences } from './config-entries/index.js';
import type {
  CheckRecord,
  FreeVirtualIpRecord,
  NodeRecord,
  ServiceRecord,
  VirtualIpRecord,
} from './records/catalog.js';
import type { KvRecord } from './records/kv.js';
import type {
  CaConfigRecord,
  CaKeyRecord,
  CaRootRecord,
  CertificateKeyRecord,
  ConditionTimesRecord,
  GuardRecord,
  MarkRecord,
  RefusalRecord,
  RevocationRecord,
  SystemRecord,
} from './records/mesh-state.js';
import type { MemberRecord } from './records/member.js';
import type { AutopilotRecord, CoordinateRecord } from './records/operator.js';
import type { PreparedQueryRecord } from './records/prepared-query.js';
import type { EndedSessionRecord, LockDelayRecord, SessionRecord, SessionRenewalRecord } from './records/session.js';

/** Every table of the store, by name. */
export interface Tables {
  nodes: NodeRecord;
  services: ServiceRecord;
  checks: CheckRecord;
  kv: KvRecord;
  sessions: SessionRecord;
  'session-renewals': SessionRenewalRecord;
  'ended-sessions': EndedSessionRecord;
  'lock-delays': LockDelayRecord;
  'config-entries': ConfigEntryRecord;
  'certificate-keys': CertificateKeyRecord;
  'condition-times': ConditionTimesRecord;
  'prepared-queries': PreparedQueryRecord;
  'virtual-ips': VirtualIpRecord;
  'free-virtual-ips': FreeVirtualIpRecord;
  'ca-roots': CaRootRecord;
  'ca-config': CaConfigRecord;
  'ca-keys': CaKeyRecord;
  coordinates: CoordinateRecord;
  autopilot: AutopilotRecord;
  members: MemberRecord;
  revocations: RevocationRecord;
  refusals: RefusalRecord;
  guards: GuardRecord;
  system: SystemRecord;
  marks: MarkRecord;
}

export type TableName = keyof Tables;
export type MeshView = View<Tables>;
export type Cell<Value> = CellDefinition<Tables, Value>;

/** How a table is keyed and indexed. */
export interface TableDefinition<Row> {
  readonly key: (row: Row) => string;
  /** Index name -> the tuples under which a record is found; a range is any prefix of such a tuple. */
  readonly indexes: Readonly<Record<string, (row: Row) => readonly (readonly string[])[]>>;
  /**
   * Fields out of which all tuples are made: a record in which none of these changes stays where it is in every index. For tables
   * that are written often; in others the tuples themselves are compared.
   */
  readonly placedBy?: readonly (keyof Row)[];
  /** The table is ordered by the bytes of its keys, and ranges of this index are prefixes of the key's text (KV). */
  readonly byteOrdered?: string;
  /**
   * Index name -> the prefix shared by the primary keys of all records in a range. Lets an engine check "nothing was added
   * to this range" by primary keys; an index that is not named here is checked as the whole table.
   */
  readonly keyPrefix?: Readonly<Record<string, (prefix: readonly string[]) => string>>;
}

/** The one tuple of an index of all records. */
const EVERYWHERE: readonly (readonly string[])[] = [[]];
const everywhere = (): readonly (readonly string[])[] => EVERYWHERE;

const tuplePrefix = (prefix: readonly string[]): string => tupleKey(...prefix);
const firstOfTuple = (prefix: readonly string[]): string => tupleKey(...prefix.slice(0, 1));

/** Node names compare case-insensitively (consul-behaviour.md 1.3). */
export const nodeKey = (node: string): string => node.toLowerCase();
export const serviceKey = (node: string, id: string): string => tupleKey(nodeKey(node), id);
export const checkKey = (node: string, checkId: string): string => tupleKey(nodeKey(node), checkId);
/** A node's place in the network, by segment (`''` = the only one there is). */
export const coordinateKey = (node: string, segment: string): string => tupleKey(nodeKey(node), segment);
export const configEntryKey = (kind: string, name: string): string => tupleKey(kind, name);
export const revocationKey = (destination: string, source: string): string => tupleKey(destination, source);
export const refusalKey = (node: string, proxyId: string, resourceType: string, resourceName: string): string =>
  tupleKey(nodeKey(node), proxyId, resourceType, resourceName);

/** Names whose mesh endpoint this instance is: a proxy's destination, or a native service itself. */
function connectNames(row: ServiceRecord): readonly (readonly string[])[] {
  if (row.kind === 'connect-proxy' && row.proxy) return [[row.proxy.destinationServiceName]];
  return row.connect.native ? [[row.service]] : [];
}

/** Callers of this mesh that an entry with intentions speaks of; `*` for all of them. */
function intentionSources({ entry }: ConfigEntryRecord): readonly (readonly string[])[] {
  if (entry.kind !== 'service-intentions') return [];
  const local = entry.sources.filter(({ peer }) => peer === '');
  return [...new Set(local.map(({ name }) => name))].map((name) => [name]);
}

/** The checks that a session depends on, of its node and of services there. */
function checksOfSession({ node, nodeChecks, serviceChecks }: SessionRecord): readonly (readonly string[])[] {
  const ids = [...nodeChecks, ...(serviceChecks ?? []).map(({ id }) => id)];
  return [...new Set(ids)].map((id) => [nodeKey(node), id]);
}

/** Services outside the mesh that gateways lead to because of an entry; `*` for all of them. */
function linkedServices({ entry }: ConfigEntryRecord): readonly (readonly string[])[] {
  return entry.kind === 'terminating-gateway' ? (entry.services ?? []).map(({ name }) => [name]) : [];
}

/** The API gateways that a route asks for. */
function parentGateways({ entry }: ConfigEntryRecord): readonly (readonly string[])[] {
  if (entry.kind !== 'http-route' && entry.kind !== 'tcp-route') return [];
  return [...new Set((entry.parents ?? []).map(({ name }) => name))].map((name) => [name]);
}

/** The certificates that an API gateway serves with, by kind and name. */
function servedCertificates({ entry }: ConfigEntryRecord): readonly (readonly string[])[] {
  if (entry.kind !== 'api-gateway') return [];
  return entry.listeners.flatMap(({ tls }) => (tls.certificates ?? []).map(({ kind, name }) => [kind, name]));
}

/** Services that an ingress gateway exposes; `*` for all of them. */
function exposedServices({ entry }: ConfigEntryRecord): readonly (readonly string[])[] {
  if (entry.kind !== 'ingress-gateway') return [];
  const named = (entry.listeners ?? []).flatMap(({ services }) => services.map(({ name }) => name));
  return [...new Set(named)].map((name) => [name]);
}

export const tableDefinitions: { readonly [Name in TableName]: TableDefinition<Tables[Name]> } = {
  nodes: {
    key: (row) => nodeKey(row.node),
    indexes: { all: everywhere, byId: (row) => [[row.id]] },
    placedBy: ['id'],
  },
  services: {
    key: (row) => serviceKey(row.node, row.id),
    indexes: {
      all: everywhere,
      byNode: (row) => [[nodeKey(row.node)]],
      byName: (row) => [[row.service]],
      /** Clients may spell a service name in any case. */
      byFoldedName: (row) => [[row.service.toLowerCase()]],
      byConnect: connectNames,
      byKind: (row) => [[row.kind]],
    },
    placedBy: ['node', 'service', 'kind', 'connect', 'proxy'],
    keyPrefix: { byNode: tuplePrefix },
  },
  checks: {
    key: (row) => checkKey(row.node, row.checkId),
    indexes: {
      all: everywhere,
      byNode: (row) => [[nodeKey(row.node)]],
      byInstance: (row) => [[nodeKey(row.node), row.serviceId]],
      byService: (row) => (row.serviceName === '' ? [] : [[row.serviceName]]),
      byStatus: (row) => [[row.status]],
    },
    placedBy: ['node', 'serviceId', 'serviceName', 'status'],
    keyPrefix: { byNode: tuplePrefix, byInstance: firstOfTuple },
  },
  kv: {
    key: (row) => row.key,
    indexes: {
      prefix: (row) => [[row.key]],
      /** The keys that a session holds. */
      bySession: (row) => (row.session === '' ? [] : [[row.session]]),
    },
    placedBy: ['key', 'session'],
    byteOrdered: 'prefix',
    keyPrefix: { prefix: ([prefix = '']) => prefix },
  },
  sessions: {
    key: (row) => row.id,
    indexes: { all: everywhere, byNode: (row) => [[nodeKey(row.node)]], byCheck: checksOfSession },
  },
  'session-renewals': { key: (row) => row.id, indexes: {} },
  'ended-sessions': { key: (row) => row.id, indexes: { all: everywhere } },
  'lock-delays': { key: (row) => row.key, indexes: { all: everywhere } },
  'config-entries': {
    key: (row) => configEntryKey(row.entry.kind, row.entry.name),
    indexes: {
      byKind: (row) => [[row.entry.kind]],
      /** By the services an entry leads to. */
      byReference: (row) => configEntryReferences(row.entry).map((service) => [service]),
      byIntentionSource: intentionSources,
      byLinkedService: linkedServices,
      byExposedService: exposedServices,
      byParentGateway: parentGateways,
      byServedCertificate: servedCertificates,
    },
    keyPrefix: { byKind: tuplePrefix },
  },
  'certificate-keys': { key: (row) => row.name, indexes: {} },
  'condition-times': { key: (row) => configEntryKey(row.kind, row.name), indexes: {} },
  'prepared-queries': {
    key: (row) => row.id,
    indexes: {
      all: everywhere,
      /** Names of queries, and apart from them prefixes of templates: neither has a case. */
      byName: (row) => (row.template.type === '' && row.name !== '' ? [[row.name.toLowerCase()]] : []),
      bySession: (row) => (row.session === '' ? [] : [[row.session]]),
      byTemplate: (row) => (row.template.type === '' ? [] : [[row.name.toLowerCase()]]),
    },
  },
  'virtual-ips': { key: (row) => row.service, indexes: { all: everywhere } },
  'free-virtual-ips': { key: (row) => row.ip, indexes: { all: everywhere } },
  'ca-roots': { key: (row) => row.id, indexes: { all: everywhere } },
  'ca-config': { key: () => 'config', indexes: {} },
  'ca-keys': { key: (row) => row.rootId, indexes: {} },
  coordinates: {
    key: (row) => coordinateKey(row.node, row.segment),
    indexes: { all: everywhere, byNode: (row) => [[nodeKey(row.node)]] },
    keyPrefix: { byNode: tuplePrefix },
  },
  autopilot: { key: () => 'config', indexes: {} },
  members: { key: (row) => nodeKey(row.node), indexes: { all: everywhere } },
  revocations: {
    key: (row) => revocationKey(row.destination, row.source),
    indexes: { byDestination: (row) => [[row.destination]], bySource: (row) => [[row.source]] },
    keyPrefix: { byDestination: tuplePrefix },
  },
  refusals: {
    key: (row) => refusalKey(row.node, row.proxyId, row.resourceType, row.resourceName),
    indexes: {
      byProxy: (row) => [[nodeKey(row.node), row.proxyId]],
      byEntry: (row) => row.entries.map((entry) => [entry]),
    },
  },
  guards: { key: (row) => row.family, indexes: {} },
  system: { key: (row) => row.name, indexes: {} },
  marks: { key: (row) => row.range, indexes: {} },
};
