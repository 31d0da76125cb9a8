import { type Field, decimal, duration, integer, object, optional } from '../../wire/index.js';
import { countProblem, percentProblem, positiveDurationProblem } from '../rules/range.js';
import type { Problem } from '../rules/problems.js';

/** What goes wrong on purpose with some requests of a route, to see how callers bear it. */
export interface Fault {
  readonly delay?: FaultDelay;
  readonly abort?: FaultAbort;
}

/** Requests that wait before they are sent on. */
export interface FaultDelay {
  readonly durationMs: number;
  /** Per cent, in steps of 0.01; absent = all. */
  readonly percent?: number;
}

/** Requests that are answered with an error instead. Exactly one of the statuses is given; 0 = not given. */
export interface FaultAbort {
  readonly httpStatus: number;
  readonly grpcStatus: number;
  /** Per cent, in steps of 0.01; absent = all. */
  readonly percent?: number;
}

export const faultField: Field<Fault> = object<Fault>({
  delay: optional(object<FaultDelay>({ durationMs: duration(), percent: optional(decimal()) })),
  abort: optional(object<FaultAbort>({ httpStatus: integer(), grpcStatus: integer(), percent: optional(decimal()) })),
});

/** A delay, an abort or both, with statuses that exist. `path` is the field's. */
export function faultProblem(path: string, fault: Fault | undefined): Problem {
  if (fault === undefined) return undefined;
  const { delay, abort } = fault;
  if (!delay && !abort) return `${path} needs a Delay or an Abort`;
  return (delay && delayProblem(`${path}.Delay`, delay)) ?? (abort && abortProblem(`${path}.Abort`, abort));
}

function delayProblem(path: string, { durationMs, percent }: FaultDelay): Problem {
  return positiveDurationProblem(`${path}.Duration`, durationMs) ?? percentProblem(`${path}.Percent`, percent);
}

function abortProblem(path: string, { httpStatus, grpcStatus, percent }: FaultAbort): Problem {
  if ((httpStatus === 0) === (grpcStatus === 0)) return `${path} needs either HTTPStatus or GRPCStatus`;
  return (
    countProblem(`${path}.HTTPStatus`, httpStatus || undefined, 200, 599) ??
    countProblem(`${path}.GRPCStatus`, grpcStatus || undefined, 1, 16) ??
    percentProblem(`${path}.Percent`, percent)
  );
}
