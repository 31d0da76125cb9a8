import { AppError, nameProblem } from '../../core/index.js';
import { formatDurationMs, parseDurationMs } from '../../core/duration.js';
import { type SessionDefinition, checkKey, nodeKey } from '../../model/index.js';
import type { CommitResult, StateStore, Transaction } from '../../state/index.js';

/** Longest life of a session without a renewal. */
const MAX_TTL_MS = 24 * 3_600_000;
/** Longest lock-delay; what is above it is cut to it. */
const MAX_LOCK_DELAY_MS = 60_000;
/** How many checks one session may depend on. */
const MAX_CHECKS = 64;

/** `session_ttl_min` and the like. */
export interface SessionLimits {
  readonly minTtlMs: number;
}

/**
 * Makes a session under an id made for it. Throws `invalidArgument` when the TTL is out of range, the node is not registered, or
 * a check is not registered or is critical.
 */
export function createSession(
  store: StateStore,
  definition: SessionDefinition,
  limits: SessionLimits,
): Promise<CommitResult<void>> {
  checkDefinition(definition, limits);
  return store.transact('session-create', (transaction) => {
    const node = transaction.get('nodes', nodeKey(definition.node));
    if (node === undefined)
      throw new AppError('invalidArgument', `Missing node registration: node "${definition.node}" is not registered`);
    const checks = [...definition.nodeChecks, ...(definition.serviceChecks ?? []).map(({ id }) => id)];
    for (const check of checks) mustBeAlive(transaction, node.node, check);
    const lockDelayMs = Math.min(definition.lockDelayMs, MAX_LOCK_DELAY_MS);
    transaction.put('sessions', { ...definition, node: node.node, lockDelayMs });
  });
}

/** The life of a session without a renewal, in ms; 0 = nothing limits it. */
export function ttlMsOf({ ttl }: Pick<SessionDefinition, 'ttl'>): number {
  return ttl === '' ? 0 : (parseDurationMs(ttl) ?? 0);
}

function checkDefinition(definition: SessionDefinition, { minTtlMs }: SessionLimits): void {
  const { name, nodeChecks, serviceChecks, lockDelayMs } = definition;
  const problem = nameProblem(name);
  if (problem !== undefined) throw new AppError('invalidArgument', `Invalid session name: it ${problem}`);
  if (nodeChecks.length + (serviceChecks?.length ?? 0) > MAX_CHECKS)
    throw new AppError('invalidArgument', `A session can depend on at most ${MAX_CHECKS} checks`);
  if (lockDelayMs < 0) throw new AppError('invalidArgument', 'Invalid LockDelay: it must not be negative');
  checkTtl(definition, minTtlMs);
}

function checkTtl({ ttl }: SessionDefinition, minTtlMs: number): void {
  if (ttl === '') return;
  const ttlMs = parseDurationMs(ttl);
  if (ttlMs === undefined)
    throw new AppError(
      'invalidArgument',
      `Session TTL '${ttl.slice(0, 64)}' invalid: it must be a duration such as 30s`,
    );
  if (ttlMs !== 0 && (ttlMs < minTtlMs || ttlMs > MAX_TTL_MS))
    throw new AppError(
      'invalidArgument',
      `Invalid Session TTL '${ttl}', must be between [${formatDurationMs(minTtlMs)}=${formatDurationMs(MAX_TTL_MS)}]`,
    );
}

function mustBeAlive(transaction: Transaction, node: string, checkId: string): void {
  const check = transaction.get('checks', checkKey(node, checkId));
  if (check === undefined)
    throw new AppError('invalidArgument', `Missing check '${checkId}' registration on node "${node}"`);
  if (check.status === 'critical')
    throw new AppError('invalidArgument', `Check '${checkId}' is in critical state on node "${node}"`);
}
