import type { BackendTransaction, Condition, RangeCondition } from '../backend.js';
import type { Compare, KeyValue, RequestOp, TxnRequest, TxnResponse } from './client/index.js';
import { encodeTip, type Layout } from './layout.js';
import type { UnfoldedBundles } from './unfolded.js';

/** etcd's own limit is 128 (--max-txn-ops) by default. */
export const OPERATIONS_PER_TRANSACTION = 100;
/** etcd's own limit is 1.5 MiB (--max-request-bytes) by default. */
export const BYTES_PER_TRANSACTION = 1_200_000;
/** The fence, the bundle and `tip`. */
const OWN_OPERATIONS = 3;

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

/** What each writing transaction compares: no newer fence of this server, and no large transaction on its way. */
export interface Guard {
  readonly fence: { readonly key: Buffer; readonly revision: number };
}

/** Whether everything fits into one transaction of etcd. */
export function fits(layout: Layout, compares: readonly Compare[], operations: readonly Operation[]): boolean {
  if (compares.length + operations.length + OWN_OPERATIONS > OPERATIONS_PER_TRANSACTION) return false;
  return operations.reduce((sum, operation) => sum + operationBytes(layout, operation), 0) <= BYTES_PER_TRANSACTION;
}

/** How many compares fit beside the few operations that decide a large transaction. */
export const CONDITIONS_PER_TRANSACTION = OPERATIONS_PER_TRANSACTION - OWN_OPERATIONS - 2;

/** The transaction with its guards and its `tip`; when it fails it reads why. */
export function guarded(
  layout: Layout,
  { fence }: Guard,
  compares: readonly Compare[],
  operations: readonly RequestOp[],
  id: string,
): TxnRequest {
  const puts = operations.filter(({ request_put }) => request_put !== undefined).length;
  const tip = encodeTip({ id, puts, deletes: operations.length - puts });
  return {
    compare: [
      { result: 'EQUAL', target: 'MOD', key: fence.key, mod_revision: fence.revision },
      { result: 'EQUAL', target: 'CREATE', key: layout.bundle, create_revision: 0 },
      ...compares,
    ],
    success: [...operations, { request_put: { key: layout.tip, value: tip } }],
    failure: [fence.key, layout.bundle, ...compares.filter(isOfKey).map(({ key }) => key)].map((key) => ({
      request_range: { key, keys_only: true },
    })),
  };
}

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
  | { readonly type: 'bundle' }
  | { readonly type: 'conflict'; readonly conflict: Condition | RangeCondition };

export function refusalOf(
  { responses }: TxnResponse,
  { fence }: Guard,
  layout: Layout,
  unfolded: UnfoldedBundles,
  conditions: BackendTransaction['conditions'],
): Refusal {
  const found = responses.map(({ response_range }) => response_range?.kvs[0]);
  const fenceRevision = Number(found[0]?.mod_revision ?? 0);
  if (fenceRevision !== fence.revision) return { type: 'fence', revision: fenceRevision };
  if (found[1]) return { type: 'bundle' };
  const revisions = new Map(found.filter(isFound).map(({ key, mod_revision }) => [key.toString(), mod_revision]));
  const conflict = conditions.find((condition) => {
    if ('keyPrefix' in condition) return false;
    const stored = Number(revisions.get(layout.record(condition.table, condition.key).toString()) ?? 0);
    return unfolded.outside(stored) !== condition.modRevision;
  });
  // All keys are as they should be: it was a range.
  const range = conditions.find((condition) => 'keyPrefix' in condition);
  return { type: 'conflict', conflict: conflict ?? range ?? (conditions[0] as Condition) };
}

const isFound = (found: KeyValue | undefined): found is KeyValue => found !== undefined;
