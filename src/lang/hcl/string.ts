import type { Read } from './hcl-lexer.js';
import type { Fail } from './syntax-error.js';

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};
const NUMERIC_ESCAPE = /x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}/y;
const REPLACEMENT = 0xfffd;

/**
 * Text in double quotes that starts at `start`. `${ … }` is kept as written, quotes and line ends inside it included; it
 * ends where its braces are balanced.
 */
export function readString(text: string, start: number, fail: Fail): Read<string> {
  let value = '';
  let at = start + 1;
  let copied = at;
  for (;;) {
    const character = text.charAt(at);
    if (character === '"') return { value: value + text.slice(copied, at), end: at + 1 };
    if (character === '$' && text[at + 1] === '{') at = templateEnd(text, at, start, fail);
    else if (character === '\\') {
      const escape = readEscape(text, at, fail);
      value += text.slice(copied, at) + escape.value;
      at = escape.end;
      copied = at;
    } else if (character === '' || character === '\n' || character === '\0') throw notTerminated(start, fail);
    else at++;
  }
}

function templateEnd(text: string, from: number, start: number, fail: Fail): number {
  let depth = 0;
  for (let at = from + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return at + 1;
  }
  throw notTerminated(start, fail);
}

function notTerminated(start: number, fail: Fail): Error {
  return fail(
    start,
    'the text that starts here has no closing quote on its line; close it, or use <<EOT for several lines',
  );
}

function readEscape(text: string, at: number, fail: Fail): Read<string> {
  const simple = SIMPLE_ESCAPES[text.charAt(at + 1)];
  if (simple !== undefined) return { value: simple, end: at + 2 };
  NUMERIC_ESCAPE.lastIndex = at + 1;
  const found = NUMERIC_ESCAPE.exec(text)?.[0];
  if (found === undefined) throw fail(at, 'unknown escape in text; write \\\\ for a backslash');
  const octal = /^[0-7]/.test(found);
  const code = Number.parseInt(octal ? found : found.slice(1), octal ? 8 : 16);
  if (octal || found.startsWith('x') ? code > 0x7f : code > 0x10ffff) {
    throw fail(at, `the escape \\${found} is not a character; write \\u and four hexadecimal digits`);
  }
  return {
    value: String.fromCodePoint(code >= 0xd800 && code <= 0xdfff ? REPLACEMENT : code),
    end: at + 1 + found.length,
  };
}
