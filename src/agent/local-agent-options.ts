import type { Clock } from '../core/index.js';
import type { StateStore } from '../state/index.js';
import type { CommandRule } from './command-rule.js';
import type { NodeFacts } from './node-facts.js';
import type { PortRange } from './sidecar.js';

export interface LocalAgentLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface LocalAgentOptions {
  readonly store: StateStore;
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly facts: NodeFacts;
  readonly sidecarPorts: PortRange;
  /** Ports of listeners that proxies open for checks (`expose.checks`). */
  readonly exposePorts: PortRange;
  readonly checkOutputMaxSize: number;
  /** Outputs of checks are not kept at all. */
  readonly discardCheckOutput: boolean;
  /** From where checks that run commands may come. */
  readonly commandChecks: CommandRule;
  /** Changed output alone is copied to the catalog after this time; 0 = at once. */
  readonly checkUpdateIntervalMs: number;
  /** Where registrations survive a restart; none for an agent that keeps nothing. */
  readonly dataDir?: string;
  readonly logger: LocalAgentLogger;
}
