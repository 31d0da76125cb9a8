import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

const PROTO = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..', '..', 'proto', 'etcd');

/** 64 bit numbers travel as text, so that cluster ids stay exact. */
export interface ResponseHeader {
  readonly cluster_id: string;
  readonly revision: string;
}

export interface KeyValue {
  readonly key: Buffer;
  readonly create_revision: string;
  readonly mod_revision: string;
  readonly version: string;
  readonly value: Buffer;
}

export interface RangeRequest {
  readonly key: Buffer;
  readonly range_end?: Buffer;
  readonly limit?: number;
  readonly revision?: number;
  readonly keys_only?: boolean;
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
  readonly request_put?: { readonly key: Buffer; readonly value: Buffer };
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
}

export interface AlarmResponse {
  readonly header: ResponseHeader;
  readonly alarms: readonly { readonly memberID: string; readonly alarm: 'NONE' | 'NOSPACE' | 'CORRUPT' }[];
}

let loaded: Readonly<Record<'KV' | 'Watch' | 'Maintenance' | 'Auth', ServiceDefinition>> | undefined;

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
  loaded = { KV: service('KV'), Watch: service('Watch'), Maintenance: service('Maintenance'), Auth: service('Auth') };
  return loaded;
}
