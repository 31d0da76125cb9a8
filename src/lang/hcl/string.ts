import { readGoEscape } from '../go-escape.js';
import type { Read } from './hcl-lexer.js';
import type { Fail } from './syntax-error.js';

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
      const escape = readGoEscape(text, at);
      if (escape === undefined) throw fail(at, 'unknown escape in text; write \\\\ for a backslash');
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
