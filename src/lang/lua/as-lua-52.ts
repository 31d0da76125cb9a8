/**
 * The pieces of a script that matter here, each tried where the last one ended. What is none of them is a character by itself. Dots
 * that join texts stand before numbers, which may begin with one.
 */
const LONG_BRACKET = /(?:--)?\[(=*)\[/y;
const COMMENT = /--[^\r\n]*/y;
const STRING = /"(?:\\[^]|[^"\\\r\n])*"|'(?:\\[^]|[^'\\\r\n])*'/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y;
const DOTS = /\.{2,}/y;
const NUMBER = /\.?\d(?:[eEpP][+-]|[\w.\u0080-\uffff])*/y;

/** Numbers of LuaJIT: also binary ones, of 64 bits, and imaginary ones. */
const KNOWN_NUMBER = /^(?:0x[\da-f]*\.?[\da-f]*(?:p[+-]?\d+)?|0b[01]+|\d*\.?\d*(?:e[+-]?\d+)?)(?:u?ll|i)?$/i;
const ESCAPE = /\\(?:u\{[\da-fA-F]+\}|[^])/g;

/**
 * A script of LuaJIT with what Lua 5.2 does not know written otherwise, so that a parser of Lua 5.2 can judge it: numbers with
 * suffixes, `\u{…}`, a first line that begins with `#`. Nothing changes its place.
 */
export function asLua52(script: string): string {
  const firstLine = script.startsWith('#') ? script.search(/[\r\n]|$/) : 0;
  const pieces = [' '.repeat(firstLine)];
  for (let at = firstLine; at < script.length; ) {
    const { length, piece } = nextPiece(script, at);
    pieces.push(piece);
    at += length;
  }
  return pieces.join('');
}

interface Piece {
  readonly length: number;
  readonly piece: string;
}

function nextPiece(script: string, at: number): Piece {
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(script);
  };
  const bracket = take(LONG_BRACKET);
  if (bracket) return asIs(upTo(script, at, `]${bracket[1]}]`, at + bracket[0].length));
  const string = take(STRING)?.[0];
  if (string !== undefined) return { length: string.length, piece: string.replace(ESCAPE, withoutUnicode) };
  // What has no end is wrong, and is not looked for again from every character in it.
  if (script[at] === '"' || script[at] === "'") return asIs(script.slice(at));
  const same = (take(COMMENT) ?? take(WORD) ?? take(DOTS))?.[0];
  if (same !== undefined) return asIs(same);
  const number = take(NUMBER)?.[0];
  if (number === undefined) return asIs(script.slice(at, at + 1));
  return { length: number.length, piece: KNOWN_NUMBER.test(number) ? '0'.padEnd(number.length) : number };
}

const asIs = (piece: string): Piece => ({ length: piece.length, piece });

const withoutUnicode = (escape: string): string => (escape.length > 2 ? '_'.repeat(escape.length) : escape);

function upTo(script: string, at: number, end: string, from: number): string {
  const found = script.indexOf(end, from);
  return found < 0 ? script.slice(at) : script.slice(at, found + end.length);
}
