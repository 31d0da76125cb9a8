import type { AgentClient } from './http/agent-client.js';
import type { Flags, FlagValues } from './flags/flag.js';
import type { CliIo } from './io.js';

export interface CommandExample {
  /** What it does, as a sentence. */
  readonly says: string;
  /** What is typed after `meshwright`. */
  readonly type: string;
}

/** One call of a command, parsed. */
export interface Invocation<Given extends Flags> {
  readonly flags: FlagValues<Given>;
  /** Whether the user gave this flag, whatever its value. */
  readonly isGiven: (flag: keyof Given & string) => boolean;
  readonly args: readonly string[];
  /** What stood behind `--`. */
  readonly rest: readonly string[];
  readonly io: CliIo;
  /** The agent that the flags and the environment name; only for commands that reach one. */
  readonly agent: AgentClient;
  /** The value of a setting from the environment, `MESHWRIGHT_<name>` before `CONSUL_<name>`. */
  readonly setting: (name: string) => string | undefined;
}

export interface Command<Given extends Flags = Flags> {
  /** The rest of the usage line, e.g. `[options] KEY [DATA]`. */
  readonly usage: string;
  /** What it does, in sentences. */
  readonly about: string;
  readonly examples: readonly CommandExample[];
  readonly flags: Given;
  /** Most positional arguments it takes. */
  readonly maxArgs: number;
  /** False for commands that never talk to an agent: they lack the flags for it. */
  readonly reachesAgent: boolean;
  /** Everything from the first positional argument on is data, even when it starts with a dash. */
  readonly flagsFirst?: boolean;
  /** Resolves to the exit code. What it throws is printed as one sentence, and the exit code is 1. */
  run(invocation: Invocation<Given>): Promise<number>;
}

/** Declares a command; the flags' types reach `run`. */
export const defineCommand = <const Given extends Flags>(command: Command<Given>): Command => command;
