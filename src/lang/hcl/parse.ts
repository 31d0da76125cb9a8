import { HclParser } from './hcl-parser.js';
import { parseJson } from './json.js';
import { checkLength, failAt } from './syntax-error.js';
import { type HclObject, isObject } from './value.js';

export interface ParseOptions {
  /** Named in errors. */
  readonly filename?: string;
  /** The most values that JSON text may hold: what strangers send must not take the parser long. No limit when absent. */
  readonly maxValues?: number;
}

const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Parses HCL version 1. Blocks and objects become block lists (see index.ts); `service "web" { … }` becomes
 * `{service: [{web: [{…}]}]}`. A scalar given twice: the last one counts; lists given twice are joined. `${…}` is kept as
 * written. Throws `invalidArgument` with line and column, `tooLarge` for text over 8 Mi characters.
 */
export function parseHcl(text: string, options: ParseOptions = {}): HclObject {
  checkLength(text, options.filename);
  const source = withoutMark(text);
  return new HclParser(source, failAt(source, options.filename)).file();
}

/** `json` when the first character that is not space is `{` or `[`, else `hcl`: no HCL file starts so. */
export function configFormat(text: string): 'hcl' | 'json' {
  const first = /\S/.exec(withoutMark(text))?.[0];
  return first === '{' || first === '[' ? 'json' : 'hcl';
}

/**
 * Parses what `configFormat` says it is. JSON objects stay objects, and must be the whole document. Errors as
 * `parseHcl` and `parseJson`.
 */
export function parseHclOrJson(text: string, options: ParseOptions = {}): HclObject {
  const source = withoutMark(text);
  if (configFormat(source) === 'hcl') return parseHcl(source, options);
  const value = parseJson(source, options);
  if (isObject(value)) return value;
  throw failAt(source, options.filename)(source.search(/\S/), 'expected an object in braces, not a list');
}

function withoutMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}
