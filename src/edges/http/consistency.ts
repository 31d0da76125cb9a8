import { AppError } from '../../core/index.js';
import { parseDurationMs } from '../../core/duration.js';
import type { Query } from './query.js';

/** How fresh an answer must be (consul-behaviour.md 1.1). `leader` is the default mode. */
export type ConsistencyMode = 'leader' | 'stale' | 'consistent';

export interface Consistency {
  readonly mode: ConsistencyMode;
  /** `?cached`: an answer from the agent's cache is welcome. */
  readonly cached: boolean;
}

/**
 * Reads the consistency parameters. `staleByDefault` is what `discovery_max_stale` turns on; without `useCache` (`http_config.use_cache`)
 * `?cached` means nothing. Conflicts are `invalidArgument`.
 */
export function readConsistency(query: Query, staleByDefault: boolean, useCache = true): Consistency {
  const cached = useCache && query.has('cached');
  const consistent = query.has('consistent');
  const stale = query.has('stale') || readMaxStale(query);
  if (stale && consistent)
    throw new AppError('invalidArgument', 'Cannot specify ?stale with ?consistent, conflicting semantics.');
  if (cached && consistent)
    throw new AppError('invalidArgument', 'Cannot specify ?cached with ?consistent, conflicting semantics.');
  if (consistent) return { mode: 'consistent', cached };
  const leader = query.has('leader') || !staleByDefault;
  return { mode: stale || !leader ? 'stale' : 'leader', cached };
}

function readMaxStale(query: Query): boolean {
  const text = query.get('max_stale');
  if (text === '') return false;
  const maxMs = parseDurationMs(text);
  if (maxMs === undefined) throw new AppError('invalidArgument', `Invalid max_stale value "${text}"`);
  return maxMs > 0;
}
