import { AppError } from '../../core/index.js';
import { AGENT_FLAGS, FILE_FLAGS } from './agent-flags.js';
import { mergeOptions } from './merge.js';
import type { AgentOptions } from './options.js';

/** What the command line says: options like those of a file, and where files are. */
export interface AgentArguments {
  readonly options: AgentOptions;
  readonly configPaths: readonly string[];
  /** Pieces of configuration (`-hcl`). */
  readonly fragments: readonly string[];
  readonly format?: 'hcl' | 'json';
  /** Flags that Consul has and that mean nothing here. */
  readonly withoutEffect: readonly string[];
}

const invalid = (message: string): AppError => new AppError('invalidArgument', message);
const isFileFlag = (name: string): name is keyof typeof FILE_FLAGS => Object.hasOwn(FILE_FLAGS, name);

/** Reads the flags of `agent` (consul-behaviour 3.3): `-name=value`, `-name value`, `--name`. Throws AppError('invalidArgument'). */
export function parseAgentArguments(argv: readonly string[]): AgentArguments {
  const sources: AgentOptions[] = [];
  const found: Record<keyof typeof FILE_FLAGS, string[]> = {
    'config-dir': [],
    'config-file': [],
    'config-format': [],
    hcl: [],
  };
  const paths: string[] = [];
  const withoutEffect: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const { name, inline } = split(argv[at] as string);
    const value = (): string => {
      const given = inline ?? argv[++at];
      if (given === undefined) throw invalid(`flag -${name} needs a value; see "meshwright agent -help"`);
      return given;
    };
    if (isFileFlag(name)) {
      const given = value();
      found[name].push(given);
      if (name === 'config-dir' || name === 'config-file') paths.push(given);
      continue;
    }
    const known = Object.hasOwn(AGENT_FLAGS, name) ? AGENT_FLAGS[name] : undefined;
    if (!known) throw invalid(`flag provided but not defined: -${name}; see "meshwright agent -help"`);
    sources.push(read(name, () => known.set(known.value === undefined ? (inline ?? 'true') : value())));
    if (known.withoutEffect) withoutEffect.push(`-${name}`);
  }
  const format = found['config-format'].at(-1);
  if (format !== undefined && format !== 'hcl' && format !== 'json')
    throw invalid(`-config-format must be hcl or json, not "${format}"`);
  return {
    options: mergeOptions(sources),
    configPaths: paths,
    fragments: found.hcl,
    ...(format === undefined ? {} : { format }),
    withoutEffect,
  };
}

function read<Result>(name: string, set: () => Result): Result {
  try {
    return set();
  } catch (thrown) {
    const { message } = AppError.from(thrown);
    throw message.startsWith('flag ') ? thrown : invalid(`flag -${name}: ${message}`);
  }
}

function split(argument: string): { readonly name: string; readonly inline: string | undefined } {
  const match = /^--?([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\s\S]*))?$/.exec(argument);
  if (!match) throw invalid(`unexpected argument "${argument}"; flags start with a dash, see "meshwright agent -help"`);
  return { name: match[1] as string, inline: match[2] };
}
