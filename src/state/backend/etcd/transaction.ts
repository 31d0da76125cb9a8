import type { BackendTransaction, Condition, RangeCondition } from '../backend.js';
import type { DutyFence } from '../live-area.js';
import type { Compare, KeyValue, RequestOp, TxnRequest, TxnResponse } from './client/index.js';
import { encodeTip, type Layout } from './layout.js';
import type { UnfoldedBundles } from './unfolded.js';

/** etcd's own limit is 128 (--max-txn-ops) by default. */
export const OPERATIONS_PER_TRANSACTION = 100;
/** etcd's own limit is 1.5 MiB (--max-request-bytes) by default. */
export const BYTES_PER_TRANSACTION = 1_200_000;
/** The fence, the bundle, the duty, and `tip` twice. */
const OWN_OPERATIONS = 5;

type Operation = BackendTransaction['operations'][number];

/** How much room an operation takes in a request, about. */
export function operationBytes(layout: Layout, operation: Operation): number {
  const value = operation.type === 'put' ? Buffer.byteLength(operation.value) : 0;
  return Buffer.byteLength(operation.key) + layout.prefix.length + operation.table.length + value + 24;
}

/** The compares of conditions. A record of a large transaction may have any revision of its unfolding. */
export function comparesOf(
  layout: Layout,
  unfolded: UnfoldedBundles,
  conditions: BackendTransaction['conditions'],
): Compare[] {
  return conditions.flatMap((condition): Compare[] => {
    if ('keyPrefix' in condition) {
      const range = layout.range(`${condition.table}/${condition.keyPrefix}`);
      return [{ result: 'LESS', target: 'MOD', mod_revision: condition.notAfter + 1, ...range }];
    }
    const key = layout.record(condition.table, condition.key);
    const interval = unfolded.around(condition.modRevision);
    if (!interval) return [{ result: 'EQUAL', target: 'MOD', key, mod_revision: condition.modRevision }];
    return [
      { result: 'GREATER', target: 'MOD', key, mod_revision: interval.decided - 1 },
      { result: 'LESS', target: 'MOD', key, mod_revision: interval.ended + 1 },
    ];
  });
}

/**
 * What each writing transaction compares: no newer fence of this server, no large transaction on its way, that the newest
 * transaction that is known still exists (or etcd was restored from an older copy), and that the server has the duty that the
 * transaction is made under.
 */
export interface Guard {
  readonly fence: { readonly key: Buffer; readonly revision: number };
  /** Revision of the newest transaction that is known; 0 = none. */
  readonly tip: number;
  readonly duty?: DutyFence | undefined;
}

/** Whether everything fits into one transaction of etcd. */
export function fits(layout: Layout, compares: readonly Compare[], operations: readonly Operation[]): boolean {
  // etcd counts compares, operations, and what is done instead each for itself.
  if (Math.max(compares.length, operations.length) + OWN_OPERATIONS > OPERATIONS_PER_TRANSACTION) return false;
  return operations.reduce((sum, operation) => sum + operationBytes(layout, operation), 0) <= BYTES_PER_TRANSACTION;
}

/** How many compares fit beside the few operations that decide a large transaction. */
export const CONDITIONS_PER_TRANSACTION = OPERATIONS_PER_TRANSACTION - OWN_OPERATIONS - 2;

/** The transaction with its guards and its `tip`; when it fails it reads why. */
export function guarded(
  layout: Layout,
  { fence, tip: known, duty }: Guard,
  compares: readonly Compare[],
  operations: readonly RequestOp[],
  id: string,
): TxnRequest {
  const puts = operations.filter(({ request_put }) => request_put !== undefined).length;
  const tip = encodeTip({ id, puts, deletes: operations.length - puts });
  const all: readonly Compare[] = [
    { result: 'EQUAL', target: 'MOD', key: fence.key, mod_revision: fence.revision },
    { result: 'EQUAL', target: 'CREATE', key: layout.bundle, create_revision: 0 },
    { result: 'GREATER', target: 'MOD', key: layout.tip, mod_revision: known - 1 },
    ...dutyCompare(layout, duty),
    ...compares,
  ];
  return {
    compare: all,
    success: [...operations, { request_put: { key: layout.tip, value: tip } }],
    failure: all.filter(isOfKey).map(({ key }) => ({ request_range: { key, keys_only: true } })),
  };
}

const dutyCompare = (layout: Layout, duty: DutyFence | undefined): readonly Compare[] =>
  duty ? [{ result: 'EQUAL', target: 'CREATE', key: layout.live(duty.key), create_revision: duty.createRevision }] : [];

const isOfKey = ({ range_end }: Compare): boolean => range_end === undefined;

export function requestOp(layout: Layout, operation: Operation): RequestOp {
  const key = layout.record(operation.table, operation.key);
  return operation.type === 'put'
    ? { request_put: { key, value: Buffer.from(operation.value) } }
    : { request_delete_range: { key } };
}

/** Why a transaction made by `guarded` was refused. */
export type Refusal =
  | { readonly type: 'fence'; readonly revision: number }
  | { readonly type: 'bundle' | 'duty' | 'history' }
  | { readonly type: 'conflict'; readonly conflict: Condition | RangeCondition };

export function refusalOf(
  { responses }: TxnResponse,
  { fence, tip, duty }: Guard,
  layout: Layout,
  unfolded: UnfoldedBundles,
  conditions: BackendTransaction['conditions'],
): Refusal {
  const found = responses.map(({ response_range }) => response_range?.kvs[0]).filter(isFound);
  const stored = new Map(found.map((kv) => [kv.key.toString(), kv]));
  const revisionOf = (key: Buffer): number => Number(stored.get(key.toString())?.mod_revision ?? 0);
  if (revisionOf(layout.tip) < tip) return { type: 'history' };
  if (revisionOf(fence.key) !== fence.revision) return { type: 'fence', revision: revisionOf(fence.key) };
  if (duty && Number(stored.get(layout.live(duty.key).toString())?.create_revision ?? 0) !== duty.createRevision)
    return { type: 'duty' };
  if (stored.has(layout.bundle.toString())) return { type: 'bundle' };
  const conflict = conditions.find((condition) => {
    if ('keyPrefix' in condition) return false;
    const { table, key, modRevision } = condition;
    return unfolded.outside(revisionOf(layout.record(table, key))) !== modRevision;
  });
  // All keys are as they should be: it was a range.
  const range = conditions.find((condition) => 'keyPrefix' in condition);
  return { type: 'conflict', conflict: conflict ?? range ?? (conditions[0] as Condition) };
}

const isFound = (found: KeyValue | undefined): found is KeyValue => found !== undefined;
