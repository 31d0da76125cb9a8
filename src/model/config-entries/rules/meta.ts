import type { StringMap } from '../../records/common.js';
import { type Problem, firstProblem } from './problems.js';

const MAX_PAIRS = 64;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 512;

/** Limits of Meta maps (consul-behaviour 2.2): number of pairs, length and characters of keys, length of values. */
export function metaProblem(meta: StringMap): Problem {
  const pairs = Object.entries(meta);
  if (pairs.length > MAX_PAIRS) return `Meta contains ${pairs.length} pairs, at most ${MAX_PAIRS} are allowed`;
  return firstProblem(pairs, ([key, value]) => {
    if (key === '') return 'Meta key cannot be blank';
    if (key.length > MAX_KEY_LENGTH) return `Meta key is too long (limit: ${MAX_KEY_LENGTH} characters)`;
    if (!/^[A-Za-z0-9_-]+$/.test(key)) return `Meta key "${key}" may only have letters, digits, "-" and "_"`;
    if (value.length > MAX_VALUE_LENGTH)
      return `Meta value of "${key}" is too long (limit: ${MAX_VALUE_LENGTH} characters)`;
    return undefined;
  });
}
