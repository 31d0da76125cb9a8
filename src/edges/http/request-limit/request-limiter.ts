import type { RequestCategory, RequestLimitEntry, RequestRates } from '../../../model/index.js';
import { text } from '../answers.js';
import type { AgentDeps, HttpConfig } from '../http-deps.js';
import type { ApiAnswer } from '../route.js';
import { type RequestOperation, requestClass } from './request-class.js';
import { TokenBucket } from './token-bucket.js';

type Mode = 'permissive' | 'enforcing';

/** One limit that is in force. */
interface Limit {
  readonly entry: string;
  readonly mode: Mode;
  readonly operation: RequestOperation;
  /** Undefined = it holds for all families. */
  readonly category: RequestCategory | undefined;
  readonly bucket: TokenBucket;
}

/** What the limits of the configuration are called in logs and answers. */
const OWN_NAME = 'limits.request_limits';
type LimitedEntry = Omit<RequestLimitEntry, 'kind' | 'meta'>;

/** Exceeding is logged so often at most. */
const LOG_EVERY_MS = 10_000;

/**
 * Counts requests against the control-plane-request-limit entries of the state and the limits of the configuration: what is over
 * a limit is refused by one that is enforcing, and noted by one that is permissive (consul-behaviour.md 11.6). An entry that
 * changes keeps its other buckets.
 */
export class RequestLimiter {
  readonly #deps: Pick<AgentDeps, 'clock' | 'logger' | 'metrics'>;
  readonly #loggedAtMs = new Map<string, number>();
  #entryLimits: readonly Limit[] = [];
  #ownLimits: readonly Limit[] = [];
  /** Both of these. */
  #limits: readonly Limit[] = [];
  #own: HttpConfig['requestLimits'] | undefined;
  readonly close: () => void;

  constructor(deps: Pick<AgentDeps, 'knowledge' | 'clock' | 'logger' | 'metrics'>) {
    this.#deps = deps;
    this.close = deps.knowledge.watchLimits((entries) => {
      this.#entryLimits = entries.flatMap((entry) => this.#limitsOf(entry));
      this.#limits = [...this.#ownLimits, ...this.#entryLimits];
    });
  }

  /**
   * The answer to a request that is over a limit; undefined = it may pass. 503 where only this server could have done it. `own` are the
   * limits of the agent's configuration.
   */
  refusal(method: string, path: string, own: HttpConfig['requestLimits']): ApiAnswer | undefined {
    this.#readOwn(own);
    if (this.#limits.length === 0) return undefined;
    const found = requestClass(method, path);
    if (found === undefined) return undefined;
    const { operation, category } = found;
    const nowMs = this.#deps.clock.now();
    let refused: Limit | undefined;
    for (const limit of this.#limits) {
      if (limit.operation !== operation || (limit.category !== undefined && limit.category !== category)) continue;
      if (limit.bucket.take(nowMs)) continue;
      this.#note(limit, nowMs);
      if (limit.mode === 'enforcing') refused ??= limit;
    }
    return refused && text(operation === 'write' ? 503 : 429, `${sentence(refused)}; try again later`);
  }

  /** A reload may change them. */
  #readOwn(own: HttpConfig['requestLimits']): void {
    if (own === this.#own) return;
    this.#own = own;
    this.#ownLimits = this.#limitsOf({ name: OWN_NAME, ...own });
    this.#limits = [...this.#ownLimits, ...this.#entryLimits];
  }

  #limitsOf(entry: LimitedEntry): readonly Limit[] {
    const { mode, name } = entry;
    if (mode !== 'permissive' && mode !== 'enforcing') return [];
    const all: readonly (readonly [RequestCategory | undefined, RequestRates | undefined])[] = [
      [undefined, entry],
      ...(Object.entries(entry) as [RequestCategory, RequestRates][]).filter(([, value]) => isRates(value)),
    ];
    return all.flatMap(([category, rates]) =>
      (['read', 'write'] as const).flatMap((operation) => {
        const rate = (operation === 'read' ? rates?.readRate : rates?.writeRate) ?? 0;
        if (rate <= 0) return [];
        const known = this.#limits.find(
          (limit) => limit.entry === name && limit.operation === operation && limit.category === category,
        );
        const bucket = known?.bucket.rate === rate ? known.bucket : new TokenBucket(rate, this.#deps.clock.now());
        return [{ entry: name, mode, operation, category, bucket }];
      }),
    );
  }

  #note(limit: Limit, nowMs: number): void {
    const { entry, mode, operation, category } = limit;
    this.#deps.metrics.countLimited?.(operation, mode, category ?? 'global');
    const key = `${entry} ${operation} ${category}`;
    if (nowMs - (this.#loggedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return;
    this.#loggedAtMs.set(key, nowMs);
    this.#deps.logger.warn({ mode }, sentence(limit));
  }
}

function isRates(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'readRate' in value;
}

function sentence({ entry, operation, category, bucket }: Limit): string {
  const what = category === undefined ? `${operation}s` : `${category} ${operation}s`;
  return `rate limit exceeded: more than ${bucket.rate} ${what} a second (${entry === OWN_NAME ? entry : `control-plane-request-limit "${entry}"`})`;
}
