/** A flag's value was not usable. The text is what Go programs say. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
}

/** One flag. `read` is given the text and the value so far (for flags that may be repeated). */
export interface Flag<Value> {
  readonly about: string;
  /** How the value is called in help; none for switches. */
  readonly value?: string;
  readonly initial: Value;
  /** Shown in help; none when the initial value says nothing. */
  readonly shownDefault?: string;
  readonly read: (text: string, soFar: Value) => Value;
}

// biome-ignore lint/suspicious/noExplicitAny: a table of flags of any value
// oxlint-disable-next-line typescript/no-explicit-any
export type Flags = Readonly<Record<string, Flag<any>>>;

export type FlagValues<Given extends Flags> = {
  readonly [Name in keyof Given]: Given[Name] extends Flag<infer Value> ? Value : never;
};

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** A switch: `-x`, `-x=true`, `-x=false`. */
export const switchFlag = (about: string, initial = false): Flag<boolean> => ({
  about,
  initial,
  ...(initial ? { shownDefault: 'true' } : {}),
  read: (text) => {
    if (TRUE.has(text)) return true;
    if (FALSE.has(text)) return false;
    throw new FlagError('parse error');
  },
});

/** Text; the initial value is shown in help when there is one. */
export const textFlag = (about: string, value = 'string', initial = ''): Flag<string> => ({
  about,
  value,
  initial,
  ...(initial === '' ? {} : { shownDefault: initial }),
  read: (text) => text,
});

/** One of a few words. */
export const choiceFlag = <const Choice extends string>(
  about: string,
  choices: readonly Choice[],
  initial: Choice,
): Flag<Choice> => ({
  about: `${about} One of ${choices.join(', ')}.`,
  value: 'string',
  initial,
  shownDefault: initial,
  read: (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new FlagError(`must be one of ${choices.join(', ')}`);
    return found;
  },
});

/** A whole number of 64 bits without sign, kept exactly. */
export const unsignedFlag = (about: string): Flag<bigint> => ({
  about,
  value: 'uint',
  initial: 0n,
  read: (text) => {
    if (!/^\d{1,20}$/.test(text) || BigInt(text) > 0xffff_ffff_ffff_ffffn) throw new FlagError('parse error');
    return BigInt(text);
  },
});

/** A whole number. */
export const numberFlag = (about: string, initial = 0, value = 'int'): Flag<number> => ({
  about,
  value,
  initial,
  ...(initial === 0 ? {} : { shownDefault: String(initial) }),
  read: (text) => {
    if (!/^[+-]?\d{1,15}$/.test(text)) throw new FlagError('parse error');
    return Number(text);
  },
});

/** A TCP port. */
export const portFlag = (about: string, initial: number): Flag<number> => ({
  ...numberFlag(about, initial, 'port'),
  read: (text) => {
    if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new FlagError('must be a port number up to 65535');
    return Number(text);
  },
});

/** May be given several times. */
export const listFlag = (about: string, value = 'value'): Flag<readonly string[]> => ({
  about: `${about} May be given several times.`,
  value,
  initial: [],
  read: (text, soFar) => [...soFar, text],
});

/** `key=value`, may be given several times. */
export const pairsFlag = (about: string): Flag<Readonly<Record<string, string>>> => ({
  about: `${about} Written key=value; may be given several times.`,
  value: 'key=value',
  initial: {},
  read: (text, soFar) => {
    const at = text.indexOf('=');
    if (at < 0) throw new FlagError(`Missing "=" value in argument: ${text}`);
    return { ...soFar, [text.slice(0, at)]: text.slice(at + 1) };
  },
});

/** A Go duration such as `30s`, in milliseconds. */
export const durationFlag = (
  about: string,
  parse: (text: string) => number | undefined,
  initialMs = 0,
  shownDefault?: string,
): Flag<number> => ({
  about,
  value: 'duration',
  initial: initialMs,
  ...(shownDefault === undefined ? {} : { shownDefault }),
  read: (text) => {
    const ms = parse(text);
    if (ms === undefined || ms < 0) throw new FlagError('must be a duration such as 30s or 1m30s');
    return ms;
  },
});

/** Whether a flag is a switch, which takes no value of its own. */
export const isSwitch = (flag: Flag<unknown>): boolean => flag.value === undefined;

/** `modifyIndex` -> `modify-index`. */
export const flagName = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
