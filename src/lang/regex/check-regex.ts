import { RE2JS, RE2JSException } from 're2js';
import { expandedSize } from './expanded-size.js';

/** Longest pattern that is accepted, in UTF-16 units. Long enough for alternations of paths. */
export const MAX_PATTERN_LENGTH = 4096;
/** Largest program of a pattern that is only stored and run by Envoy. Compiling this much takes some 20 ms at worst. */
const MAX_STORED_SIZE = 10_000;

/**
 * What is wrong with an RE2 pattern, as one sentence in Go's wording (`error parsing regexp: …`), or `undefined`.
 * For patterns that are stored here and run by Envoy, such as a route's PathRegex.
 */
export function checkRegex(pattern: string): string | undefined {
  const parsed = parseRegex(pattern, MAX_STORED_SIZE);
  return parsed instanceof RE2JS ? undefined : parsed.problem;
}

/** Compiles a pattern whose program is at most about `maxSize` steps. For this folder only. */
export function parseRegex(pattern: string, maxSize: number): RE2JS | { readonly problem: string } {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    return { problem: `error parsing regexp: the pattern is longer than ${MAX_PATTERN_LENGTH} characters; shorten it` };
  }
  if (expandedSize(pattern) > maxSize) {
    return { problem: 'error parsing regexp: expression too large; use smaller repeat counts' };
  }
  try {
    return RE2JS.compile(pattern);
  } catch (thrown) {
    if (thrown instanceof RE2JSException) return { problem: thrown.message };
    if (thrown instanceof RangeError) return { problem: 'error parsing regexp: expression nests too deeply' };
    throw thrown;
  }
}
