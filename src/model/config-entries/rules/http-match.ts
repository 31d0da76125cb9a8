import { regexProblem } from './patterns.js';
import { type Problem, firstProblem } from './problems.js';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE']);

/** Whether this is a method of HTTP, in upper case. */
export function isMethod(method: string): boolean {
  return METHODS.has(method);
}

export interface PathMatch {
  readonly pathExact: string;
  readonly pathPrefix: string;
  readonly pathRegex: string;
}

/** At most one kind of path; exact and prefix start with a slash. `where` is e.g. `Route[0]`. */
export function pathProblem(where: string, match: PathMatch): Problem {
  const given = [match.pathExact, match.pathPrefix, match.pathRegex].filter((path) => path !== '');
  if (given.length > 1) return `${where} should only contain at most one of PathExact, PathPrefix, or PathRegex`;
  if (match.pathExact !== '' && !match.pathExact.startsWith('/'))
    return `${where} PathExact doesn't start with '/': "${match.pathExact}"`;
  if (match.pathPrefix !== '' && !match.pathPrefix.startsWith('/'))
    return `${where} PathPrefix doesn't start with '/': "${match.pathPrefix}"`;
  return regexProblem(`${where} PathRegex`, match.pathRegex);
}

/** Known methods, each once. They are upper case already. */
export function methodsProblem(where: string, methods: readonly string[]): Problem {
  return firstProblem(methods, (method, position) => {
    if (!isMethod(method)) return `${where} Methods contains an invalid method "${method}"`;
    return methods.indexOf(method) < position ? `${where} Methods contains "${method}" more than once` : undefined;
  });
}

/** A named thing with exactly one way to match it. `ways` in the order and spelling of the text. */
export function namedMatchProblem(
  where: string,
  name: string,
  ways: Readonly<Record<string, string | boolean>>,
): Problem {
  if (name === '') return `${where} missing required Name field`;
  const given = Object.values(ways).filter((value) => value !== '' && value !== false);
  if (given.length !== 1) return `${where} should only contain one of ${enumeration(Object.keys(ways))}`;
  return regexProblem(`${where} Regex`, typeof ways.Regex === 'string' ? ways.Regex : '');
}

function enumeration(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')}, or ${words.at(-1)}`;
}
