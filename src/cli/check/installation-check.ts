import type { AgentClient } from '../http/agent-client.js';

/** What a check is given. What an agent is asked for is asked once, however many checks want it. */
export interface CheckContext {
  readonly agent: AgentClient;
  /** The data directory of the server on this machine; empty = it is not looked at. */
  readonly dataDir: string;
  /** What the configuration files of the agent on this machine say; undefined = none were named. Throws when they are no good. */
  readonly configuration: () => Promise<CheckedConfiguration | undefined>;
  /** Ms since the epoch, by this machine's clock. */
  readonly nowMs: () => number;
}

/** A port that an agent opens. */
export interface ConfiguredPort {
  /** As the configuration calls it. */
  readonly option: string;
  readonly address: string;
  readonly port: number;
  readonly isUdp: boolean;
}

/** Files of a certificate; an empty path = not given. */
export interface ConfiguredTlsFiles {
  /** The part of the configuration that names them. */
  readonly option: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** What is looked at of a configuration. */
export interface CheckedConfiguration {
  readonly nodeName: string;
  readonly dataDir: string;
  readonly withoutEffect: readonly string[];
  readonly ports: readonly ConfiguredPort[];
  readonly tlsFiles: readonly ConfiguredTlsFiles[];
}

/** What a check found: `problem` needs somebody soon, `warning` will, `skipped` could not be looked at. Each with a sentence. */
export type Finding =
  | { readonly state: 'fine' }
  | { readonly state: 'problem' | 'warning' | 'skipped'; readonly says: string };

/** One thing that can be wrong with an installation. */
export interface InstallationCheck {
  /** Stays the same for ever: scripts name it, and it is the anchor in docs/installation-checks.md. */
  readonly id: string;
  /** What is looked at. */
  readonly about: string;
  /** What to do when it fails. */
  readonly fix: string;
  run(context: CheckContext): Promise<Finding>;
}

export const fine: Finding = { state: 'fine' };
export const problem = (says: string): Finding => ({ state: 'problem', says });
export const warning = (says: string): Finding => ({ state: 'warning', says });
export const skipped = (says: string): Finding => ({ state: 'skipped', says });
