import { Command as Parser, CommanderError, Option } from 'commander';
import { UsageError } from '../usage-error.js';
import { FlagError, type Flags, flagName, isSwitch } from './flag.js';

export interface ParsedFlags {
  readonly values: Readonly<Record<string, unknown>>;
  readonly given: ReadonlySet<string>;
}

/** Reads normalised flags (`--name=value`). Throws `UsageError`, with the nearest known name for an unknown one. */
export function parseFlags(normalized: readonly string[], flags: Flags): ParsedFlags {
  const parser = new Parser('meshwright')
    .exitOverride()
    .helpOption(false)
    .configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} });
  for (const [key, flag] of Object.entries(flags)) {
    const name = flagName(key);
    const option = new Option(`--${name} <${flag.value ?? 'bool'}>`, flag.about);
    // A flag whose name starts with `no-` is one of its own here, not the opposite of another.
    option.negate = false;
    parser.addOption(
      option.default(flag.initial).argParser((text, soFar) => {
        try {
          return flag.read(text, soFar);
        } catch (thrown) {
          if (!(thrown instanceof FlagError)) throw thrown;
          throw new UsageError(
            isSwitch(flag)
              ? `invalid boolean value "${text}" for -${name}: ${thrown.message}`
              : `invalid value "${text}" for flag -${name}: ${thrown.message}`,
            { aboutFlags: true },
          );
        }
      }),
    );
  }
  try {
    parser.parse(normalized, { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) throw new UsageError(inGoWords(thrown), { aboutFlags: true });
    throw thrown;
  }
  const given = new Set(Object.keys(flags).filter((key) => parser.getOptionValueSource(key) === 'cli'));
  return { values: parser.opts(), given };
}

function inGoWords(error: CommanderError): string {
  const name = /--([^\s'=]+)/.exec(error.message)?.[1] ?? '';
  if (error.code === 'commander.optionMissingArgument') return `flag needs an argument: -${name}`;
  if (error.code !== 'commander.unknownOption') return error.message.replace(/^error: /, '');
  const nearest = /Did you mean (?:one of )?([^?]+)\?/.exec(error.message)?.[1];
  const hint = nearest === undefined ? '' : ` (did you mean ${nearest.replace(/--/g, '-')}?)`;
  return `flag provided but not defined: -${name}${hint}`;
}
