import { type Field, object, text } from '../../wire/index.js';
import type { Problem } from '../rules/problems.js';

/** Whether callers prefer instances that are near (Consul Enterprise's shape). */
export interface PrioritizeByLocality {
  /** `failover`: those of the caller's zone, then of its region, then the others. `none` or empty: all alike. */
  readonly mode: string;
}

export const prioritizeByLocalityField: Field<PrioritizeByLocality> = object<PrioritizeByLocality>({ mode: text() });

/** A mode that exists. */
export function prioritizeByLocalityProblem(setting: PrioritizeByLocality | undefined): Problem {
  if (setting === undefined || ['', 'none', 'failover'].includes(setting.mode)) return undefined;
  return `PrioritizeByLocality.Mode must be one of "", "none", or "failover", not "${setting.mode}"`;
}
