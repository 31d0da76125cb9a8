import type { Command, Invocation } from './command.js';
import { environmentSetting } from './environment.js';
import { agentFlags, type AgentFlagValues } from './flags/agent-flags.js';
import { type Flags, flagName, isSwitch } from './flags/flag.js';
import { normalizeArguments } from './flags/normalize-arguments.js';
import { parseFlags } from './flags/parse-flags.js';
import { type AgentClient, createAgentClient } from './http/agent-client.js';
import { agentSettings } from './http/agent-settings.js';
import type { CliIo } from './io.js';
import { UsageError } from './usage-error.js';

/** Parses the arguments of a command. Throws `UsageError` when they cannot be used. */
export function prepareInvocation(command: Command, argv: readonly string[], io: CliIo): Invocation<Flags> | 'help' {
  const all: Flags = { ...command.flags, ...(command.reachesAgent ? agentFlags : {}) };
  const arity = new Map(
    Object.entries(all).map(([key, flag]) => [
      flagName(key),
      isSwitch(flag) ? ('switch' as const) : ('value' as const),
    ]),
  );
  const found = normalizeArguments(argv, (name) => arity.get(name), { flagsFirst: command.flagsFirst });
  if (found.wantsHelp) return 'help';
  const parsed = parseFlags(found.flags, all);
  if (found.args.length > command.maxArgs)
    throw new UsageError(`Too many arguments (expected ${command.maxArgs}, got ${found.args.length})`);
  let agent: AgentClient | undefined;
  return {
    flags: parsed.values as Invocation<Flags>['flags'],
    isGiven: (flag) => parsed.given.has(flag),
    args: found.args,
    rest: found.rest,
    io,
    setting: (name) => environmentSetting(io.env, name),
    // Made when it is asked for: a command that needs no agent does not fail over settings for one.
    get agent() {
      agent ??= createAgentClient(agentSettings(parsed.values as AgentFlagValues, io));
      return agent;
    },
  };
}
