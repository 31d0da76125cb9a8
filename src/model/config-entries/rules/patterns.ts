import { checkFilter } from '../../../lang/filter/index.js';
import { checkRegex } from '../../../lang/regex/index.js';
import type { Problem } from './problems.js';

/** A regular expression in RE2's syntax, as Envoy reads it; '' is not one. */
export function regexProblem(where: string, pattern: string): Problem {
  if (pattern === '') return undefined;
  const problem = checkRegex(pattern);
  return problem === undefined ? undefined : `${where} is not a valid regular expression: ${problem}`;
}

/** A filter expression that can be read; '' lets every instance through. What it may select is checked where it is stored. */
export function filterProblem(where: string, expression: string): Problem {
  if (expression.trim() === '') return undefined;
  const problem = checkFilter(expression);
  return problem === undefined ? undefined : `${where} is not a valid expression: "${expression}": ${problem}`;
}
