import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

const PROTO = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..', '..', 'proto', 'etcd');

/** 64 bit numbers travel as text, so that cluster ids stay exact. */
export interface ResponseHeader {
  readonly cluster_id: string;
  readonly member_id: string;
  readonly revision: string;
  /** Of the newest entry that the member has applied. */
  readonly raft_term: string;
}

export interface KeyValue {
  readonly key: Buffer;
  readonly create_revision: string;
  readonly mod_revision: string;
  readonly version: string;
  readonly value: Buffer;
  /** '0' = none. */
  readonly lease: string;
}

export interface RangeRequest {
  readonly key: Buffer;
  readonly range_end?: Buffer;
  readonly limit?: number;
  readonly revision?: number;
  readonly keys_only?: boolean;
  /** The member answers with what it has, and asks no other. */
  readonly serializable?: boolean;
  readonly min_mod_revision?: number;
  readonly max_mod_revision?: number;
  readonly min_create_revision?: number;
  readonly max_create_revision?: number;
}

export interface RangeResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: string;
}

/** One thing a transaction does; `Range` reads, also at an older revision. */
export interface RequestOp {
  readonly request_range?: RangeRequest;
  readonly request_put?: { readonly key: Buffer; readonly value: Buffer; readonly lease?: string };
  readonly request_delete_range?: { readonly key: Buffer; readonly range_end?: Buffer };
}

/** One comparison; with `range_end` it must hold for every key of the range. */
export interface Compare {
  readonly result: 'EQUAL' | 'GREATER' | 'LESS';
  readonly target: 'VERSION' | 'CREATE' | 'MOD';
  readonly key: Buffer;
  readonly range_end?: Buffer;
  readonly version?: number;
  readonly create_revision?: number;
  readonly mod_revision?: number;
}

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure?: readonly RequestOp[];
}

export interface TxnResponse {
  readonly header: ResponseHeader;
  readonly succeeded: boolean;
  readonly responses: readonly { readonly response_range?: Omit<RangeResponse, 'header'> | null }[];
}

/** What to watch: a key, or all from `key` to before `range_end`, from the revision on. */
export interface WatchRequest {
  readonly key: Buffer;
  readonly range_end?: Buffer;
  readonly start_revision: number;
  /** The member says now and then how far it is. */
  readonly progress_notify?: boolean;
  /** Large answers come in pieces. */
  readonly fragment?: boolean;
}

export interface WatchEvent {
  readonly type: 'PUT' | 'DELETE';
  readonly kv: KeyValue;
}

export interface WatchResponse {
  readonly header: ResponseHeader | null;
  readonly watch_id: string;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compact_revision: string;
  readonly cancel_reason: string;
  readonly fragment: boolean;
  readonly events: readonly WatchEvent[];
}

export interface StatusResponse {
  readonly header: ResponseHeader;
  readonly version: string;
  readonly dbSize: string;
  readonly dbSizeQuota: string;
  /** Member id; "0" = it knows none. */
  readonly leader: string;
  readonly raftIndex: string;
  readonly raftTerm: string;
  readonly raftAppliedIndex: string;
  /** What is wrong with it, as etcd words it: `memberID:7 alarm:NOSPACE`, `etcdserver: no leader`. */
  readonly errors: readonly string[];
  readonly dbSizeInUse: string;
  readonly isLearner: boolean;
}

/** A member of the cluster; `name` is empty until it has started for the first time. */
export interface ClusterMember {
  readonly ID: string;
  readonly name: string;
  readonly peerURLs: readonly string[];
  readonly clientURLs: readonly string[];
  readonly isLearner: boolean;
}

export interface MemberListResponse {
  readonly header: ResponseHeader;
  readonly members: readonly ClusterMember[];
}

export interface LeaseResponse {
  readonly header: ResponseHeader;
  readonly ID: string;
  /** Seconds; 0 or less = the lease is over. */
  readonly TTL: string;
}

export interface AlarmResponse {
  readonly header: ResponseHeader;
  readonly alarms: readonly { readonly memberID: string; readonly alarm: 'NONE' | 'NOSPACE' | 'CORRUPT' }[];
}

let loaded:
  | Readonly<Record<'KV' | 'Watch' | 'Lease' | 'Maintenance' | 'Auth' | 'Cluster', ServiceDefinition>>
  | undefined;

/** The services of proto/etcd/etcd.proto with their codecs; loaded at the first call. */
export function etcdServices(): NonNullable<typeof loaded> {
  if (loaded) return loaded;
  const definitions = loadSync('etcd.proto', {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    includeDirs: [PROTO],
  });
  const service = (name: string): ServiceDefinition => definitions[`etcdserverpb.${name}`] as ServiceDefinition;
  loaded = {
    KV: service('KV'),
    Watch: service('Watch'),
    Lease: service('Lease'),
    Maintenance: service('Maintenance'),
    Auth: service('Auth'),
    Cluster: service('Cluster'),
  };
  return loaded;
}
