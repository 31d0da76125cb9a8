import { AppError } from '../../core/index.js';
import { parseRegex } from './check-regex.js';

/** Largest program that is run in this process. */
const MAX_RUN_SIZE = 1200;
/** Program size times subject length that one match may cost: some 15 ms for the worst pattern. */
const MAX_MATCH_COST = 250_000;
const MAX_SUBJECT_LENGTH = 16_384;

/** A compiled pattern. */
export interface Regex {
  readonly pattern: string;
  /** Whether the pattern matches somewhere in the subject. Throws `invalidArgument` when the subject is too long. */
  test(subject: string): boolean;
  /** Whether the pattern matches the whole subject, as Envoy's path and header matchers do. Throws like `test`. */
  testWhole(subject: string): boolean;
  /**
   * The whole match and its groups where the pattern first matches in the subject, a group that takes no part being empty;
   * undefined when it does not match. Throws like `test`.
   */
  groups(subject: string): readonly string[] | undefined;
}

/**
 * Compiles an RE2 pattern to be run here (filter expressions, event filters). Throws `invalidArgument` with the
 * sentence of `checkRegex`.
 */
export function compileRegex(pattern: string): Regex {
  const compiled = parseRegex(pattern, MAX_RUN_SIZE);
  if ('problem' in compiled) throw new AppError('invalidArgument', compiled.problem);
  const longest = Math.min(MAX_SUBJECT_LENGTH, Math.floor(MAX_MATCH_COST / Math.max(1, compiled.programSize())));
  const checked = (subject: string): string => {
    if (subject.length <= longest) return subject;
    throw new AppError(
      'invalidArgument',
      `the regular expression ${shown(pattern)} cannot be matched against ${subject.length} characters; use a simpler one`,
    );
  };
  return {
    pattern,
    test: (subject) => compiled.test(checked(subject)),
    testWhole: (subject) => compiled.matches(checked(subject)),
    groups: (subject) => {
      const matcher = compiled.matcher(checked(subject));
      if (!matcher.find()) return undefined;
      return Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? '');
    },
  };
}

function shown(pattern: string): string {
  return JSON.stringify(pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern);
}
