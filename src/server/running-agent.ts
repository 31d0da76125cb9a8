import type { AgentConfig } from '../agent/config/index.js';
import type { LocalAgent } from '../agent/index.js';
import type { AppError } from '../core/index.js';

/** An agent that runs, with or without state. */
export interface RunningAgent {
  /** The real ports, also where 0 was asked for. -1 = closed. */
  readonly ports: AgentConfig['ports'];
  readonly agent: LocalAgent;
  /** Resolves when the xDS doors are open and proxies are served. */
  readonly serving: Promise<void>;
  /** Resolves when it cannot go on: no server was joined within `retry_max`. */
  readonly gaveUp: Promise<AppError>;
  /** Takes in what a reload may change. AppError('invalidArgument') when it cannot be used; then nothing changes. */
  reconfigure(config: AgentConfig): Promise<void>;
  /** Leaves the cluster: others are told to turn away, then this node is out of the catalog. Resolves when that is done. */
  leave(): Promise<void>;
  stop(): Promise<void>;
}
