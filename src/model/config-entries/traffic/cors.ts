import { type Field, duration, flag, list, object, text } from '../../wire/index.js';
import { isHeaderName } from '../../../core/index.js';
import { isMethod } from '../rules/http-match.js';
import { regexProblem } from '../rules/patterns.js';
import { type Problem, firstProblem } from '../rules/problems.js';

/** Which web pages of other origins may call a route from a browser. */
export interface Cors {
  readonly allowOrigins: readonly CorsOrigin[];
  /** Empty = none is announced. */
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  /** How long a browser may keep the answer to a preflight, in whole seconds; 0 = its own default. */
  readonly maxAgeMs: number;
  readonly allowCredentials: boolean;
}

/** Exactly one is given. `*` as exact = every origin. */
export interface CorsOrigin {
  readonly exact: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly regex: string;
}

export const corsField: Field<Cors> = object<Cors>({
  allowOrigins: list(object<CorsOrigin>({ exact: text(), prefix: text(), suffix: text(), regex: text() })),
  allowMethods: list(text()),
  allowHeaders: list(text()),
  exposeHeaders: list(text()),
  maxAgeMs: duration(),
  allowCredentials: flag(),
});

/** Means every origin, method or header. */
export const ANY = '*';

/** Origins that can be told, methods and headers that exist. `path` is the field's. */
export function corsProblem(path: string, cors: Cors | undefined): Problem {
  if (cors === undefined) return undefined;
  const { allowOrigins, allowMethods, allowHeaders, exposeHeaders, maxAgeMs } = cors;
  if (allowOrigins.length === 0) return `${path}.AllowOrigins needs at least one origin`;
  return (
    firstProblem(allowOrigins, (origin, position) =>
      originProblem(`${path}.AllowOrigins[${position}]`, origin, cors.allowCredentials),
    ) ??
    firstProblem(allowMethods, (method, position) =>
      method === ANY || isMethod(method)
        ? undefined
        : `${path}.AllowMethods[${position}] is not a method: ${JSON.stringify(method)}`,
    ) ??
    headerNamesProblem(`${path}.AllowHeaders`, allowHeaders) ??
    headerNamesProblem(`${path}.ExposeHeaders`, exposeHeaders) ??
    (maxAgeMs >= 0 && maxAgeMs % 1000 === 0 ? undefined : `${path}.MaxAge must be whole seconds, not below 0`)
  );
}

/** Any page could act in the name of whoever looks at it, if every origin were allowed with credentials. */
function originProblem(path: string, origin: CorsOrigin, allowCredentials: boolean): Problem {
  const given = Object.values(origin).filter((value) => value !== '');
  if (given.length !== 1) return `${path} should only contain one of Exact, Prefix, Suffix, or Regex`;
  if (allowCredentials && (origin.exact === ANY || origin.regex === '.*'))
    return `${path} must not allow every origin while AllowCredentials is set`;
  return regexProblem(`${path}.Regex`, origin.regex);
}

function headerNamesProblem(path: string, names: readonly string[]): Problem {
  return firstProblem(names, (name, position) =>
    name === ANY || isHeaderName(name)
      ? undefined
      : `${path}[${position}] is not a header name: ${JSON.stringify(name)}`,
  );
}
