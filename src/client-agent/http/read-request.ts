import { createHash } from 'node:crypto';
import { AppError, parseDurationMs } from '../../core/index.js';
import type { AgentRequest } from '../../edges/http/index.js';

/** A read as an agent's own cache sees it. */
export interface ReadRequest {
  /** What is asked, and by whom: the same for all who would be given the same answer. */
  readonly key: string;
  /** Path and query without what is only between the client and this agent. */
  readonly target: string;
  /** 0 = the client does not wait. */
  readonly index: number;
  readonly waitMs: number;
  readonly mode: 'default' | 'stale' | 'consistent';
  /** `?max_stale`: an older answer is none; infinite when not given. */
  readonly maxStaleMs: number;
  readonly cached: boolean;
}

/** Between a client and the one who answers it; what is asked does not depend on it. */
const OF_THE_EXCHANGE: ReadonlySet<string> = new Set([
  'index',
  'wait',
  'stale',
  'consistent',
  'leader',
  'max_stale',
  'cached',
  'token',
]);
/** Discovery: an old answer is of more use than none. For keys, sessions and the like it may do harm unless it is asked for. */
const DISCOVERY =
  /^\/v1\/(?:catalog|health|config|discovery-chain|connect|agent|query|exported-services|coordinate|internal\/ui)\b/;

/** Whether a kept answer may be given to somebody who did not say that it may be old. */
export const servesOldAnswers = (path: string): boolean => DISCOVERY.test(path);

/** Reads what a GET asks of the agent. `useCache`: whether `?cached` means anything. */
export function readRequestOf(request: AgentRequest, token: string, useCache: boolean): ReadRequest {
  const { query, config } = request;
  const asked = new URLSearchParams();
  for (const name of [...query.names()].sort())
    if (!OF_THE_EXCHANGE.has(name)) for (const value of query.all(name)) asked.append(name, value);
  const path = request.target.split('?', 1)[0] ?? '';
  const target = asked.size === 0 ? path : `${path}?${asked.toString()}`;
  const encoding = acceptsGzip(request) ? 'gzip' : '';
  const waitMs = parseDurationMs(query.get('wait')) ?? 0;
  const maxStaleMs = query.has('max_stale') ? parseDurationMs(query.get('max_stale')) : undefined;
  return {
    key: `${encoding} ${token === '' ? '' : digest(token)} ${target}`,
    target,
    index: Number(/^\d{1,15}$/.exec(query.get('index'))?.[0] ?? 0),
    waitMs: Math.min(waitMs > 0 ? waitMs : config.defaultQueryTimeMs, config.maxQueryTimeMs),
    mode: query.has('consistent') ? 'consistent' : query.has('stale') || (maxStaleMs ?? 0) > 0 ? 'stale' : 'default',
    maxStaleMs: maxStaleMs !== undefined && maxStaleMs > 0 ? maxStaleMs : Number.POSITIVE_INFINITY,
    cached: useCache && query.has('cached') && !query.has('consistent'),
  };
}

/** What `Cache-Control` asks of a cached answer. AppError('invalidArgument') when a number is none. */
export function cacheControlOf(header: string): { readonly maxAgeMs: number; readonly staleIfErrorMs: number } {
  let maxAgeMs = Number.POSITIVE_INFINITY;
  let staleIfErrorMs = Number.POSITIVE_INFINITY;
  for (const directive of header.split(',')) {
    const [name = '', value = ''] = directive.trim().toLowerCase().split('=');
    if (name === 'must-revalidate') maxAgeMs = 0;
    if (name !== 'max-age' && name !== 'stale-if-error') continue;
    if (!/^\d{1,12}$/.test(value.trim())) throw new AppError('invalidArgument', 'Invalid Cache-Control header.');
    if (name === 'max-age') maxAgeMs = Math.min(maxAgeMs, Number(value) * 1_000);
    else staleIfErrorMs = Number(value) * 1_000;
  }
  return { maxAgeMs, staleIfErrorMs };
}

/** Whether an answer may come compressed. */
export const acceptsGzip = (request: Pick<AgentRequest, 'header'>): boolean =>
  /(?:^|,)\s*gzip\s*(?:,|;(?!\s*q=0(?:\.0*)?\s*(?:,|$))|$)/.test(request.header('accept-encoding'));

const digest = (token: string): string => createHash('sha256').update(token).digest('base64url');
