import { type Field, always, integer, list, nullable, object, text } from '../../wire/index.js';
import { type PathMatch, pathProblem } from '../rules/http-match.js';
import { countProblem } from '../rules/range.js';
import { type Problem, firstProblem } from '../rules/problems.js';

/** How many requests the instances of a service take (Consul Enterprise's shape). */
export interface RateLimits {
  readonly instanceLevel: InstanceRateLimits;
}

/** Of each instance by itself. */
export interface InstanceRateLimits extends RateLimit {
  /** Paths with limits of their own, which take the place of the common one; the first that matches counts. Null = not given. */
  readonly routes: readonly RouteRateLimit[] | null;
}

export interface RateLimit {
  /** On average; 0 = no limit. */
  readonly requestsPerSecond: number;
  /** At once; 0 = as many as in a second. */
  readonly requestsMaxBurst: number;
}

export interface RouteRateLimit extends PathMatch, RateLimit {}

const limitFields = { requestsPerSecond: always(integer()), requestsMaxBurst: always(integer()) };

export const rateLimitsField: Field<RateLimits> = object<RateLimits>({
  instanceLevel: object<InstanceRateLimits>({
    ...limitFields,
    routes: nullable(
      list(
        object<RouteRateLimit>({
          pathExact: always(text()),
          pathPrefix: always(text()),
          pathRegex: always(text()),
          ...limitFields,
        }),
      ),
    ),
  }),
});

/** Limits that limit something, bursts that are not below the rate, routes with a path. */
export function rateLimitsProblem(limits: RateLimits | undefined): Problem {
  if (limits === undefined) return undefined;
  const path = 'RateLimits.InstanceLevel';
  const { instanceLevel } = limits;
  const routes = instanceLevel.routes ?? [];
  if (instanceLevel.requestsPerSecond === 0 && routes.length === 0 && instanceLevel.requestsMaxBurst === 0)
    return `${path} needs RequestsPerSecond or Routes`;
  return (
    limitProblem(path, instanceLevel, 0) ??
    firstProblem(routes, (route, position) => routeProblem(`${path}.Routes[${position}]`, route))
  );
}

function routeProblem(path: string, route: RouteRateLimit): Problem {
  if (route.pathExact === '' && route.pathPrefix === '' && route.pathRegex === '')
    return `${path} needs one of PathExact, PathPrefix, or PathRegex`;
  return pathProblem(path, route) ?? limitProblem(path, route, 1);
}

function limitProblem(path: string, { requestsPerSecond, requestsMaxBurst }: RateLimit, least: number): Problem {
  const problem =
    countProblem(`${path}.RequestsPerSecond`, requestsPerSecond, least) ??
    countProblem(`${path}.RequestsMaxBurst`, requestsMaxBurst, 0);
  if (problem !== undefined || requestsMaxBurst === 0) return problem;
  if (requestsPerSecond === 0) return `${path}.RequestsMaxBurst needs RequestsPerSecond`;
  return requestsMaxBurst < requestsPerSecond
    ? `${path}.RequestsMaxBurst must not be below RequestsPerSecond`
    : undefined;
}
