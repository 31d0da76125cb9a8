import type { AppError } from '../../core/index.js';
import { findJsonProblem } from './json-problem.js';
import type { ParseOptions } from './parse.js';
import { checkLength, failAt } from './syntax-error.js';
import { type HclValue, MAX_DEPTH } from './value.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Strict JSON (RFC 8259), nested at most 100 deep. Throws `invalidArgument` with line and column, `tooLarge` for text
 * over 8 Mi characters.
 */
export function parseJson(text: string, options: ParseOptions = {}): HclValue {
  checkLength(text, options.filename);
  const fail = failAt(text, options.filename);
  const tooDeep = firstTooDeep(text);
  if (tooDeep !== undefined) throw fail(tooDeep, `the JSON is nested deeper than ${MAX_DEPTH} levels; flatten it`);
  try {
    return JSON.parse(text) as HclValue;
  } catch (thrown) {
    throw explain(text, thrown, fail);
  }
}

function explain(text: string, thrown: unknown, fail: (offset: number, problem: string) => AppError): AppError {
  const found = findJsonProblem(text);
  return found === undefined
    ? fail(0, `not valid JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    : fail(found.offset, found.problem);
}

/** Where the nesting passes the limit, without recursing. Text in quotes does not count. */
function firstTooDeep(text: string): number | undefined {
  let depth = 0;
  let inText = false;
  for (let offset = 0; offset < text.length; offset++) {
    const code = text.charCodeAt(offset);
    if (inText) {
      if (code === BACKSLASH) offset++;
      else if (code === QUOTE) inText = false;
    } else if (code === QUOTE) inText = true;
    else if (code === 0x5b || code === 0x7b) {
      depth++;
      if (depth > MAX_DEPTH) return offset;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return undefined;
}
