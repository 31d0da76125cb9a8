/** What the normaliser must know of one flag. */
export type FlagArity = 'switch' | 'value';

export interface NormalizedArguments {
  /** `--name=value` for every flag, in order; a flag without its value stands as `--name`. */
  readonly flags: readonly string[];
  readonly args: readonly string[];
  /** What stood behind `--`. */
  readonly rest: readonly string[];
  readonly wantsHelp: boolean;
}

const HELP = new Set(['h', 'help']);

/**
 * Turns arguments as Go programs read them into one form: `-a x`, `-a=x`, `--a x` and `--a=x` become `--a=x`, a switch
 * becomes `--a=true`. Unlike Go, known flags are also found behind positional arguments, unless `flagsFirst`. A lone
 * dash and negative numbers are arguments. Nothing is judged here: unknown flags are passed on.
 */
export function normalizeArguments(
  argv: readonly string[],
  arityOf: (name: string) => FlagArity | undefined,
  options: { readonly flagsFirst?: boolean | undefined } = {},
): NormalizedArguments {
  const flags: string[] = [];
  const args: string[] = [];
  let wantsHelp = false;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--') return { flags, args, rest: argv.slice(at + 1), wantsHelp };
    const match = /^--?([A-Za-z][^=]*)(?:=([\s\S]*))?$/.exec(word);
    if (match === null || (options.flagsFirst && args.length > 0)) {
      args.push(word);
      continue;
    }
    const name = match[1] ?? '';
    const value = match[2];
    const arity = arityOf(name);
    if (arity === undefined && HELP.has(name)) wantsHelp = true;
    else if (value !== undefined) flags.push(`--${name}=${value}`);
    else if (arity === 'switch') flags.push(`--${name}=true`);
    else if (arity === 'value' && at + 1 < argv.length) flags.push(`--${name}=${argv[++at]}`);
    else flags.push(`--${name}`);
  }
  return { flags, args, rest: [], wantsHelp };
}
