import { checkRegex } from '../../../lang/regex/index.js';
import type { Problem } from './problems.js';

/** A regular expression in RE2's syntax, as Envoy reads it; '' is not one. */
export function regexProblem(where: string, pattern: string): Problem {
  if (pattern === '') return undefined;
  const problem = checkRegex(pattern);
  return problem === undefined ? undefined : `${where} is not a valid regular expression: ${problem}`;
}

/** A filter expression over an instance of a service; '' lets every instance through. */
export function filterProblem(where: string, expression: string): Problem {
  return expression.length > 8192 ? `${where}: the expression is longer than 8192 characters` : undefined;
}
