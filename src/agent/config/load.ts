import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/index.js';
import { configFormat, parseHclOrJson } from '../../lang/index.js';
import { tryDecode } from '../../model/wire/index.js';
import { type AgentConfig, resolveAgentConfig } from './agent-config.js';
import { parseAgentArguments } from './arguments.js';
import { mergeOptions } from './merge.js';
import { type AgentOptions, optionsField } from './options.js';
import { optionsWithoutEffect } from './without-effect.js';

export interface LoadedConfig {
  readonly config: AgentConfig;
  /** Options and flags that were given and mean nothing here, for one log line. */
  readonly withoutEffect: readonly string[];
}

/**
 * Reads flags and files: files in the order of the flags, those of a directory by name; flags win (consul-behaviour 2.1).
 * Throws AppError('invalidArgument') that names the file and the place.
 */
export function loadAgentConfig(argv: readonly string[], hostname: string): LoadedConfig {
  const given = parseAgentArguments(argv, mergeOptions);
  const withoutEffect = [...given.withoutEffect];
  const sources = given.configPaths.flatMap(filesOf).map((file) => {
    const { options, ignored } = readOptions(file);
    withoutEffect.push(...ignored);
    return options;
  });
  const config = resolveAgentConfig(mergeOptions([...sources, given.options]), hostname);
  return { config, withoutEffect: [...new Set(withoutEffect)] };
}

function filesOf(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => /\.(hcl|json)$/.test(name));
    return names.sort().map((name) => join(path, name));
  } catch (thrown) {
    throw new AppError('invalidArgument', `cannot read configuration ${path}: ${(thrown as Error).message}`);
  }
}

function readOptions(file: string): { readonly options: AgentOptions; readonly ignored: readonly string[] } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new AppError('invalidArgument', `cannot read configuration file ${file}: ${(thrown as Error).message}`);
  }
  const parsed = parseHclOrJson(text, { filename: file });
  const hclBlocks = configFormat(text) === 'hcl';
  const result = tryDecode(optionsField, parsed, { hclBlocks });
  if (!result.ok) {
    const problems = result.problems.map(({ path, problem }) => `"${path}" ${problem}`).join('; ');
    throw new AppError('invalidArgument', `${file}: ${problems}`);
  }
  return { options: result.value, ignored: optionsWithoutEffect(parsed) };
}
