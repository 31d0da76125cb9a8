import { AppError } from '../../core/index.js';
import { parseDurationMs } from '../../core/duration.js';
import type { HttpConfig } from './http-deps.js';
import type { Query } from './query.js';

/** What a blocking request asks for: to wait while the answer's index is not above `index`, for at most `waitMs`. */
export interface Blocking {
  readonly index: number;
  readonly waitMs: number;
}

const UNSIGNED = /^\d{1,20}$/;

/** Reads `index` and `wait`; the wait is the configured default without one, and never above the maximum (consul-behaviour.md 1.1). */
export function readBlocking(
  query: Query,
  config: Pick<HttpConfig, 'defaultQueryTimeMs' | 'maxQueryTimeMs'>,
): Blocking {
  const waitMs = readWait(query.get('wait'));
  return {
    index: readIndex(query.get('index')),
    waitMs: Math.min(waitMs > 0 ? waitMs : config.defaultQueryTimeMs, config.maxQueryTimeMs),
  };
}

function readIndex(text: string): number {
  if (text === '') return 0;
  if (!UNSIGNED.test(text) || BigInt(text) > 0xffff_ffff_ffff_ffffn)
    throw new AppError('invalidArgument', 'Invalid index: it must be a whole number, as X-Consul-Index gives it');
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

function readWait(text: string): number {
  if (text === '') return 0;
  const waitMs = parseDurationMs(text);
  if (waitMs === undefined)
    throw new AppError('invalidArgument', 'Invalid wait time: it must be a duration with a unit, such as 30s or 5m');
  return waitMs;
}
