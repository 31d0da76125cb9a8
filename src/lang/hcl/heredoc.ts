import type { Read } from './hcl-lexer.js';
import type { Fail } from './syntax-error.js';

/**
 * `<<END` or `<<-END` at `start`: the lines up to one that holds only END, after optional space. With `<<-` the
 * indentation of the END line is taken from every line, if all have it. Nothing is escaped; `\r\n` becomes `\n`.
 * Unlike in HCL1 the END line may be the last of the text without a line end.
 */
export function readHeredoc(text: string, start: number, fail: Fail): Read<string> {
  const indented = text[start + 2] === '-';
  const firstLineEnd = text.indexOf('\n', start);
  const opening = text.slice(start + (indented ? 3 : 2), firstLineEnd < 0 ? text.length : firstLineEnd);
  const anchor = opening.length > 256 ? '' : opening.replace(/\r$/, '');
  if (!/^[\p{L}\p{Nd}_]+$/u.test(anchor)) {
    throw fail(start, `after ${indented ? '<<-' : '<<'} must come a word such as EOT and the end of the line`);
  }
  if (firstLineEnd < 0) throw notTerminated(start, anchor, fail);
  const lines: string[] = [];
  for (let at = firstLineEnd + 1; at <= text.length; ) {
    const found = text.indexOf('\n', at);
    const lineEnd = found < 0 ? text.length : found;
    const line = withoutReturn(text.slice(at, lineEnd));
    if (line.endsWith(anchor) && line.trimStart() === anchor) {
      const indent = line.slice(0, line.length - anchor.length);
      return { value: join(lines, indent, indented), end: lineEnd };
    }
    lines.push(line);
    at = lineEnd + 1;
  }
  throw notTerminated(start, anchor, fail);
}

function join(lines: readonly string[], indent: string, indented: boolean): string {
  const strip = indented && lines.every((line) => line.startsWith(indent));
  const content = lines.map((line) => `${strip ? line.slice(indent.length) : line}\n`).join('');
  return indented ? content : content + indent;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function notTerminated(start: number, anchor: string, fail: Fail): Error {
  return fail(start, `the text that starts here must end with a line that holds only ${anchor}; add it`);
}
