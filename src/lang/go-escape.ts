const SIMPLE: Readonly<Record<string, string>> = {
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
const NUMERIC = /x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}/y;

/**
 * The character that a backslash escape at `at` stands for, in Go's double-quoted text, and the offset behind it;
 * `undefined` when it is none. Bytes above 7f and surrogates are not characters.
 */
export function readGoEscape(text: string, at: number): { readonly value: string; readonly end: number } | undefined {
  const simple = SIMPLE[text.charAt(at + 1)];
  if (simple !== undefined) return { value: simple, end: at + 2 };
  NUMERIC.lastIndex = at + 1;
  const found = NUMERIC.exec(text)?.[0];
  if (found === undefined) return undefined;
  const octal = /^[0-7]/.test(found);
  const code = Number.parseInt(octal ? found : found.slice(1), octal ? 8 : 16);
  const unicode = found.startsWith('u') || found.startsWith('U');
  if (code > (unicode ? 0x10ffff : 0x7f) || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return { value: String.fromCodePoint(code), end: at + 1 + found.length };
}
