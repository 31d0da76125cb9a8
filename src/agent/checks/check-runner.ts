import type { CheckStatus } from '../../model/index.js';

/** What one look at the application found. */
export interface CheckResult {
  readonly status: CheckStatus;
  readonly output: string;
}

/** Of two statuses the one with the greater number is the worse. */
export const SEVERITY: Readonly<Record<CheckStatus, number>> = { passing: 0, warning: 1, critical: 2 };

/** Told of each result, thresholds applied. */
export type CheckSink = (result: CheckResult) => void;

/** A running check. `stop` ends timers and open connections; nothing is reported after it. */
export interface CheckRunner {
  start(): void;
  stop(): void;
}

/** One look, within the time the signal gives. It reports failures as results and never throws. */
export type Probe = (signal: AbortSignal) => Promise<CheckResult>;
