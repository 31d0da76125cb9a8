import luaparse from 'luaparse';
import { asLua52 } from './as-lua-52.js';

const LONGEST_SHOWN = 120;

/** Its types do not know that names may have letters of all languages. */
const OPTIONS = {
  luaVersion: '5.2',
  extendedIdentifiers: true,
  encodingMode: 'none',
  comments: false,
} as unknown as Partial<luaparse.Options>;

/**
 * The first mistake in a script, as `line 3: 'end' expected near 'x'`; undefined when an Envoy can be expected to take it. The time it
 * takes grows with the length of the script, which the caller limits.
 */
export function checkLua(script: string): string | undefined {
  if (script.includes('\0')) return 'must not contain NUL, where an Envoy would stop reading';
  try {
    luaparse.parse(asLua52(script), OPTIONS);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof RangeError) return 'is nested too deeply';
    return thrown instanceof SyntaxError ? sentence(thrown.message) : undefined;
  }
}

/** The parser says `[3:14] …`. */
function sentence(message: string): string {
  const [, line, text = message] = /^\[(\d+):\d+\] (.*)$/s.exec(message) ?? [];
  const shown = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  const plain = /[\p{Cc}]/u.test(shown) ? JSON.stringify(shown).slice(1, -1) : shown;
  return line === undefined ? plain : `line ${line}: ${plain}`;
}
