/**
 * Checks: one file per type, run by the agent beside the application.
 * In: a definition, a clock. Out: results with output, thresholds applied. Must never: overlap, or report after `stop`.
 */
export type { CheckResult, CheckRunner } from './check-runner.js';
export { createGate, type Gate } from './gate.js';
export { type Aliased, type AliasedChecks, aliasedHealth } from './alias.js';
export type { CheckTls } from './target.js';
export { createCheckRunner } from './start-check.js';
export type { TtlRunner } from './ttl.js';
