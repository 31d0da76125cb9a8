import type { Clock } from '../core/index.js';
import type { CheckTls } from './checks/index.js';
import type { CommandRule } from './command-rule.js';
import type { NodeCatalog } from './node-catalog.js';
import type { NodeFacts } from './node-facts.js';
import type { PortRange } from './sidecar.js';

export interface LocalAgentLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface LocalAgentOptions {
  readonly catalog: NodeCatalog;
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
  /** What checks over TLS show and whom they trust; absent = nothing, and the system's authorities. */
  readonly checkTls?: CheckTls;
  /** From where checks that run commands may come. */
  readonly commandChecks: CommandRule;
  /** Changed output alone is copied to the catalog after this time; 0 = at once. */
  readonly checkUpdateIntervalMs: number;
  /** How long a caller waits for the catalog to have what he registered; absent = as long as it takes. */
  readonly copyPatienceMs?: number;
  /** What registrations of the configuration without a token of their own are copied with; empty = the agent's own. */
  readonly fileToken?: () => string;
  /** Where registrations survive a restart; none for an agent that keeps nothing. */
  readonly dataDir?: string;
  readonly logger: LocalAgentLogger;
}
