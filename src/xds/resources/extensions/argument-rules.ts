import type { ArgumentProblem } from './extension.js';

/** A problem unless the text is one of these words. */
export function mustBeOneOf(path: string, given: string, words: readonly string[]): readonly ArgumentProblem[] {
  if (words.includes(given)) return [];
  const known = words.map((word) => `"${word}"`).join(' or ');
  return [{ path, problem: given === '' ? `is missing: it must be ${known}` : `must be ${known}, not "${given}"` }];
}

/** A problem when the text is empty. */
export function mustBeGiven(path: string, given: string): readonly ArgumentProblem[] {
  return given.trim() === '' ? [{ path, problem: 'is missing' }] : [];
}
