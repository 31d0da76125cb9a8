import { checkRegex } from '../../../lang/regex/index.js';
import { type Field, flag, list, object, text } from '../../../model/wire/index.js';
import type { ArgumentProblem } from './extension.js';

/** One rule about the name of a header; exactly one of the texts is given. */
export interface StringMatcherArgument {
  readonly contains: string;
  readonly exact: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly safeRegex: string;
  readonly ignoreCase: boolean;
}

export const stringMatchersField: Field<readonly StringMatcherArgument[]> = list(
  object<StringMatcherArgument>({
    contains: text(),
    exact: text(),
    prefix: text(),
    suffix: text(),
    safeRegex: text(),
    ignoreCase: flag(),
  }),
);

/** What is wrong with rules; each must have one text. */
export function matcherProblems(path: string, matchers: readonly StringMatcherArgument[]): readonly ArgumentProblem[] {
  return matchers.flatMap(({ ignoreCase, ...texts }, position) => {
    const at = `${path}[${position}]`;
    const given = Object.values(texts).filter((value) => value !== '');
    if (given.length !== 1)
      return [{ path: at, problem: 'must have exactly one of Contains, Exact, Prefix, SafeRegex and Suffix' }];
    if (texts.safeRegex === '') return [];
    const problem = checkRegex(texts.safeRegex);
    return [
      ...(problem === undefined ? [] : [{ path: `${at}.SafeRegex`, problem: `cannot be used: ${problem}` }]),
      ...(ignoreCase
        ? [{ path: `${at}.IgnoreCase`, problem: 'has no effect on a SafeRegex: start that with (?i)' }]
        : []),
    ];
  });
}

/** The rules as Envoy has them; undefined when there are none. */
export function stringMatchers(matchers: readonly StringMatcherArgument[]) {
  return matchers.length === 0 ? undefined : { patterns: matchers.map(stringMatcher) };
}

function stringMatcher({ contains, exact, prefix, suffix, safeRegex, ignoreCase }: StringMatcherArgument) {
  return {
    ...(contains === '' ? {} : { contains }),
    ...(exact === '' ? {} : { exact }),
    ...(prefix === '' ? {} : { prefix }),
    ...(suffix === '' ? {} : { suffix }),
    ...(safeRegex === '' ? {} : { safe_regex: { regex: safeRegex } }),
    ...(ignoreCase ? { ignore_case: true } : {}),
  };
}
