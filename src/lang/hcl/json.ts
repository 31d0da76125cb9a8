import { AppError } from '../../core/index.js';
import { type JsonProblem, findJsonProblem } from './json-problem.js';
import type { ParseOptions } from './parse.js';
import { checkLength, failAt } from './syntax-error.js';
import { type HclValue, MAX_DEPTH } from './value.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/**
 * Strict JSON (RFC 8259), nested at most 100 deep. Throws `invalidArgument` with line and column, `tooLarge` for text
 * over 8 Mi characters or more values than the options allow.
 */
export function parseJson(text: string, options: ParseOptions = {}): HclValue {
  return parse(text, options, false).value;
}

/** `parseJson` of the first value only, as decoders of streams do: what follows it is no part of it. Also tells its text. */
export function parseFirstJson(
  text: string,
  options: ParseOptions = {},
): { readonly value: HclValue; readonly text: string } {
  return parse(text, options, true);
}

function parse(text: string, options: ParseOptions, firstOnly: boolean): { value: HclValue; text: string } {
  checkLength(text, options.filename);
  const fail = failAt(text, options.filename);
  const { maxValues = Number.POSITIVE_INFINITY } = options;
  if (!isSmall(text, maxValues)) {
    const { tooDeepAt, separators } = survey(text);
    if (tooDeepAt !== undefined)
      throw fail(tooDeepAt, `the JSON is nested deeper than ${MAX_DEPTH} levels; flatten it`);
    if (separators > maxValues)
      throw new AppError('tooLarge', `the JSON holds more than ${maxValues} values; send less at a time`);
  }
  try {
    return { value: JSON.parse(text) as HclValue, text };
  } catch (thrown) {
    const found = findJsonProblem(text);
    if (!firstOnly || found?.isTrailing !== true) throw explain(found, thrown, fail);
    const first = text.slice(0, found.offset);
    return { value: JSON.parse(first) as HclValue, text: first };
  }
}

function explain(
  found: JsonProblem | undefined,
  thrown: unknown,
  fail: (offset: number, problem: string) => AppError,
): AppError {
  return found === undefined
    ? fail(0, `not valid JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    : fail(found.offset, found.problem);
}

/** Whether a text is so short, and has so few brackets, that it is within the limits whatever it says. */
function isSmall(text: string, maxValues: number): boolean {
  return (
    text.length <= maxValues && countUpTo(MAX_DEPTH + 1, '{', text) + countUpTo(MAX_DEPTH + 1, '[', text) <= MAX_DEPTH
  );
}

function countUpTo(most: number, bracket: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(bracket); at >= 0 && count < most; at = text.indexOf(bracket, at + 1)) count += 1;
  return count;
}

interface Survey {
  /** Where the nesting passes the limit. */
  readonly tooDeepAt: number | undefined;
  /** Commas, colons and opened brackets: no text holds many values without many of them. */
  readonly separators: number;
}

/** A look at JSON text before it is parsed, without recursing. Text in quotes does not count. */
function survey(text: string): Survey {
  let depth = 0;
  let separators = 0;
  let inText = false;
  for (let offset = 0; offset < text.length; offset++) {
    const code = text.charCodeAt(offset);
    if (inText) {
      if (code === BACKSLASH) offset++;
      else if (code === QUOTE) inText = false;
    } else if (code === QUOTE) inText = true;
    else if (code === COMMA || code === COLON) separators++;
    else if (code === 0x5b || code === 0x7b) {
      depth++;
      separators++;
      if (depth > MAX_DEPTH) return { tooDeepAt: offset, separators };
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return { tooDeepAt: undefined, separators };
}
