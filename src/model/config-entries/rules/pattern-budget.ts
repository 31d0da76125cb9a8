import type { Problem } from './problems.js';

/** Each takes a good part of a millisecond to check, here and in every Envoy. */
const MAX_PATTERNS = 256;

/**
 * What is wrong with an entry of more regular expressions and filters than can be checked without making others wait. They are
 * found by the names of their fields, or as the `value` of a `match` that is `regex`, whatever the kind of entry.
 */
export function patternBudgetProblem(entry: object): Problem {
  const count = countPatterns(entry);
  return count > MAX_PATTERNS
    ? `the entry has ${count} regular expressions and filters; at most ${MAX_PATTERNS} are allowed`
    : undefined;
}

function countPatterns(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + countPatterns(item), 0);
  let count = 'match' in value && value.match === 'regex' ? 1 : 0;
  for (const name in value) {
    const inner = (value as Readonly<Record<string, unknown>>)[name];
    if (typeof inner === 'string') count += inner !== '' && isPattern(name) ? 1 : 0;
    else if (typeof inner === 'object') count += countPatterns(inner);
  }
  return count;
}

const isPattern = (name: string): boolean => /(?:regex|^filter)$/i.test(name);
