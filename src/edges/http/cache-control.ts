import { AppError } from '../../core/index.js';
import type { HttpDeps } from './http-deps.js';

const MAX_REMEMBERED = 10_000;

/**
 * What `?cached` answers say about themselves. Every answer comes from state in memory that is never behind, so a cache hit is
 * an answer to something that was asked before; its age is always 0. Bounded: the oldest names are forgotten first.
 */
export class SeenReads {
  readonly #seen = new Set<string>();

  /** Headers of a cached answer; `name` is the read, e.g. cell kind and key. */
  headers(name: string): Readonly<Record<string, string>> {
    if (this.#seen.has(name)) return { 'X-Cache': 'HIT', Age: '0' };
    this.#seen.add(name);
    if (this.#seen.size > MAX_REMEMBERED)
      for (const oldest of this.#seen) {
        this.#seen.delete(oldest);
        break;
      }
    return { 'X-Cache': 'MISS' };
  }
}

const seenBy = new WeakMap<HttpDeps, SeenReads>();

/** The memory of one server. */
export function seenReads(deps: HttpDeps): SeenReads {
  const known = seenBy.get(deps) ?? new SeenReads();
  seenBy.set(deps, known);
  return known;
}

/** Refuses `Cache-Control` directives whose number is none. Answers are always fresh, so right ones change nothing. */
export function checkCacheControl(header: string): void {
  for (const directive of header.split(',')) {
    const [name = '', value] = directive.trim().toLowerCase().split('=');
    if ((name === 'max-age' || name === 'stale-if-error') && !/^\d{1,12}$/.test(value?.trim() ?? ''))
      throw new AppError('invalidArgument', 'Invalid Cache-Control header.');
  }
}
