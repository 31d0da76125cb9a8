import { type Field, decimal, duration, object, optional } from '../../wire/index.js';
import { percentProblem, positiveDurationProblem } from '../rules/range.js';
import type { Problem } from '../rules/problems.js';

/** How an instance that is new, or healthy again, gets its share of the requests little by little. */
export interface SlowStart {
  /** How long it takes until the whole share. */
  readonly windowMs: number;
  /** 1 = evenly, above = fast at first; absent = 1. */
  readonly aggression?: number;
  /** What it gets at least, in per cent of its share; absent = 10. */
  readonly minWeightPercent?: number;
}

export const slowStartField: Field<SlowStart> = object<SlowStart>({
  windowMs: duration(),
  aggression: optional(decimal()),
  minWeightPercent: optional(decimal()),
});

const POLICIES = ['', 'round_robin', 'least_request'];

/** A window, and a policy that knows weights. */
export function slowStartProblem(path: string, policy: string, slowStart: SlowStart | undefined): Problem {
  if (slowStart === undefined) return undefined;
  const { windowMs, aggression = 1, minWeightPercent } = slowStart;
  if (!POLICIES.includes(policy))
    return `${path} specified for incompatible load balancing policy "${policy}": use round_robin or least_request`;
  return (
    positiveDurationProblem(`${path}.Window`, windowMs) ??
    (aggression > 0 ? undefined : `${path}.Aggression must be above 0, not ${aggression}`) ??
    percentProblem(`${path}.MinWeightPercent`, minWeightPercent)
  );
}
