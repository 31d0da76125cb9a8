import type { CheckRecord, KvRecord, NodeRecord, ServiceRecord } from '../../model/index.js';
import type { CatalogRegistration, RegisteredCheck, RegisteredService } from '../catalog/index.js';

/** The verbs of operations on keys. */
export const KV_VERBS = [
  'set',
  'cas',
  'lock',
  'unlock',
  'get',
  'get-or-empty',
  'get-tree',
  'check-index',
  'check-session',
  'check-not-exists',
  'delete',
  'delete-tree',
  'delete-cas',
] as const;
export type KvVerb = (typeof KV_VERBS)[number];

export interface KvOperation {
  readonly family: 'kv';
  /** Any word; one that is no `KvVerb` fails when it is carried out. */
  readonly verb: string;
  readonly key: string;
  readonly value: Uint8Array;
  /** Unsigned 64 bit number as decimal text. */
  readonly flags: string;
  readonly index: bigint;
  readonly session: string;
}

export interface NodeOperation {
  readonly family: 'node';
  readonly verb: string;
  readonly node: Omit<CatalogRegistration, 'service' | 'checks' | 'skipNodeUpdate'>;
  readonly index: bigint;
}

export interface ServiceOperation {
  readonly family: 'service';
  readonly verb: string;
  readonly node: string;
  readonly service: RegisteredService;
  readonly index: bigint;
}

export interface CheckOperation {
  readonly family: 'check';
  readonly verb: string;
  readonly check: RegisteredCheck;
  readonly index: bigint;
}

/** One operation of a transaction (consul-behaviour.md 1.5). */
export type Operation = KvOperation | NodeOperation | ServiceOperation | CheckOperation;

/** What an operation has to show. `withValue` is false for writes: they do not send back what they were given. */
export type OperationResult =
  | { readonly family: 'kv'; readonly entry: KvRecord; readonly withValue: boolean }
  | { readonly family: 'node'; readonly node: NodeRecord }
  | { readonly family: 'service'; readonly service: ServiceRecord }
  | { readonly family: 'check'; readonly check: CheckRecord };

/** Why an operation failed, by its place in the list. */
export interface OperationFailure {
  readonly opIndex: number;
  readonly what: string;
}

/** Whether an operation writes nothing: a transaction of such ones is a read. */
export function isRead({ family, verb }: Operation): boolean {
  return family === 'kv' ? /^(?:get|check)-?/.test(verb) : verb === 'get';
}
