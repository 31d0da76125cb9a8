import { type Field, flag, object, text } from '../../wire/index.js';
import { breaksLine } from '../rules/header-modifiers.js';
import { namedMatchProblem } from '../rules/http-match.js';
import { type Problem, firstProblem } from '../rules/problems.js';

/** What a header must be like. Exactly one of present, exact, prefix, suffix and regex is given. */
export interface HeaderMatch {
  readonly name: string;
  readonly present: boolean;
  readonly exact: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly regex: string;
  readonly invert: boolean;
}

export const headerMatchField: Field<HeaderMatch> = object<HeaderMatch>({
  name: text(),
  present: flag(),
  exact: text(),
  prefix: text(),
  suffix: text(),
  regex: text(),
  invert: flag(),
});

/** The first of some header matches that says too little or too much; `where` is their list, as the text names it. */
export function headerMatchesProblem(where: string, matches: readonly HeaderMatch[]): Problem {
  return firstProblem(matches, ({ name, present, exact, prefix, suffix, regex }, position) => {
    const item = `${where}[${position}]`;
    const ways = { Present: present, Exact: exact, Prefix: prefix, Suffix: suffix, Regex: regex };
    if (breaksLine(name)) return `${item} Name must not contain line breaks or NUL`;
    return namedMatchProblem(item, name, ways);
  });
}
