import { type AgentConfig, resolveAgentConfig } from './agent-config.js';
import type { HostNetwork } from './address-template.js';
import { parseAgentArguments } from './arguments.js';
import { INSTEAD_OF_AUTO_CONFIG, configWarnings } from './config-warnings.js';
import { hostNetwork } from './host-network.js';
import { listsAndOthers, mergeOptions } from './merge.js';
import { configFiles, type ConfigSource, readConfigFile, readConfigText } from './read-source.js';

export interface LoadedConfig {
  readonly config: AgentConfig;
  /** Options and flags that were given and mean nothing here, for one log line. */
  readonly withoutEffect: readonly string[];
  /** What is accepted and had better be written otherwise, a sentence each. */
  readonly warnings: readonly string[];
  /** The paths of `-config-file` and `-config-dir`, and the files that were read there. */
  readonly paths: readonly string[];
}

/**
 * Reads flags and files (consul-behaviour 2.1, 3.2): files in the order of the flags, those of a directory by name; of scalars the
 * last wins, flags over files and `-hcl` over flags; lists are appended, those of flags first; maps are merged. Throws
 * AppError('invalidArgument') that names the file and the line.
 */
export function loadAgentConfig(
  argv: readonly string[],
  hostname: string,
  network: () => HostNetwork = hostNetwork,
): LoadedConfig {
  const given = parseAgentArguments(argv);
  const files = given.configPaths.flatMap((path) => configFiles(path, given.format));
  const sources = files.map((file) => readConfigFile(file, given.format));
  const fragments = given.fragments.map((text, position) => readConfigText(`-hcl (${position + 1})`, text, 'hcl'));
  const { lists, others } = listsAndOthers(given.options);
  const all: readonly ConfigSource[] = [...sources, ...fragments];
  const options = mergeOptions([
    lists,
    ...sources.map((source) => source.options),
    others,
    ...fragments.map((source) => source.options),
  ]);
  const withoutEffect = [...given.withoutEffect, ...all.flatMap((source) => source.withoutEffect)];
  const hasAutoConfig = withoutEffect.includes('auto_config');
  const config = resolveAgentConfig(options, {
    hasAutoConfig,
    hostname,
    network: network(),
    env: process.env,
    services: all.flatMap(({ services }) => services),
    checks: all.flatMap(({ checks }) => checks),
  });
  return {
    config,
    withoutEffect: [...new Set(withoutEffect)],
    warnings: [
      ...configWarnings(options, config),
      ...(hasAutoConfig ? [INSTEAD_OF_AUTO_CONFIG] : []),
      ...repeatedIds(all),
    ],
    paths: [...new Set([...given.configPaths, ...files])],
  };
}

/** Of two services with one id only the last is there. */
function repeatedIds(sources: readonly ConfigSource[]): string[] {
  const seen = new Map<string, string>();
  return sources.flatMap(({ name, services }) =>
    services.flatMap(({ id }) => {
      const other = seen.get(id);
      seen.set(id, name);
      return other === undefined
        ? []
        : [`the service id "${id}" is defined in ${other} and again in ${name}: the last one counts`];
    }),
  );
}
