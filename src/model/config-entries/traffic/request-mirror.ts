import { type Field, decimal, object, optional, text } from '../../wire/index.js';
import { percentProblem } from '../rules/range.js';
import { type Problem, firstProblem } from '../rules/problems.js';

/** A service that gets a copy of requests; nobody waits for its answers. */
export interface RequestMirror {
  /** Empty = the service the router belongs to. */
  readonly service: string;
  readonly serviceSubset: string;
  /** Per cent of the requests, in steps of 0.01; absent = all. */
  readonly percent?: number;
}

export const requestMirrorField: Field<RequestMirror> = object<RequestMirror>({
  service: text(),
  serviceSubset: text(),
  percent: optional(decimal()),
});

/** Envoy sends every copy at once, while the request itself waits for its connection. */
const MOST_MIRRORS = 8;

/** Copies that go somewhere else than the request. `path` is that of the list. */
export function requestMirrorsProblem(path: string, mirrors: readonly RequestMirror[]): Problem {
  if (mirrors.length > MOST_MIRRORS) return `${path} has ${mirrors.length} items, at most ${MOST_MIRRORS} are allowed`;
  return firstProblem(mirrors, ({ service, serviceSubset, percent }, position) =>
    service === '' && serviceSubset === ''
      ? `${path}[${position}] needs a Service or a ServiceSubset`
      : percentProblem(`${path}[${position}].Percent`, percent),
  );
}
