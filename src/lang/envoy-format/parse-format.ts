/** One command in a format string. */
export interface UsedCommand {
  readonly name: string;
  /** What stands in parentheses; empty when nothing does. */
  readonly parameter: string;
  /** Whether `:length` follows. */
  readonly isCut: boolean;
}

const NAME = /[A-Z0-9_]+/y;
const LENGTH = /:\d+/y;

/** The commands of a format string in their order, or where it cannot be read: at a percent sign that starts no command. */
export function parseFormat(text: string): readonly UsedCommand[] | { readonly brokenAt: number } {
  const found: UsedCommand[] = [];
  let at = text.indexOf('%');
  while (at >= 0) {
    if (text[at + 1] === '%') {
      at = text.indexOf('%', at + 2);
      continue;
    }
    const read = readCommand(text, at + 1);
    if (read === undefined) return { brokenAt: at };
    found.push(read.command);
    at = text.indexOf('%', read.end);
  }
  return found;
}

/** A command behind its first percent sign, and where the text goes on behind its last. */
function readCommand(text: string, start: number): { readonly command: UsedCommand; readonly end: number } | undefined {
  NAME.lastIndex = start;
  const name = NAME.exec(text)?.[0];
  if (name === undefined) return undefined;
  let end = start + name.length;
  let parameter = '';
  if (text[end] === '(') {
    const close = text.indexOf(')', end);
    if (close < 0) return undefined;
    parameter = text.slice(end + 1, close);
    if (parameter.includes('\n')) return undefined;
    end = close + 1;
  }
  LENGTH.lastIndex = end;
  const length = LENGTH.exec(text)?.[0] ?? '';
  end += length.length;
  return text[end] === '%' ? { command: { name, parameter, isCut: length !== '' }, end: end + 1 } : undefined;
}
