/** A piece of an interpolated text: text as it stands, a variable, or a function of a whole number. */
export type InterpolationPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'variable'; readonly name: string; readonly at: number }
  | { readonly type: 'call'; readonly name: string; readonly argument: number; readonly at: number };

/** The parts of a text, or what is wrong with it at which character, counted from 1. */
export type Interpolated =
  | { readonly ok: true; readonly parts: readonly InterpolationPart[] }
  | { readonly ok: false; readonly problem: string; readonly at: number };

const NAME = /[A-Za-z_][\w.-]*/y;
const SPACE = /[ \t\r\n]*/y;
const NUMBER = /\d{1,9}/y;

/**
 * Splits a text into what stands for itself and what stands in `${…}`: the name of a variable, or a function with one whole
 * number, `${match(1)}`. `$${` is a plain `${`. Never throws.
 */
export function parseInterpolation(source: string): Interpolated {
  const parts: InterpolationPart[] = [];
  let text = '';
  let position = 0;
  while (position < source.length) {
    if (source.startsWith('$${', position)) {
      text += '${';
      position += 3;
    } else if (source.startsWith('${', position)) {
      const found = expressionAt(source, position + 2);
      if ('problem' in found) return { ok: false, ...found };
      if (text !== '') parts.push({ type: 'text', text });
      text = '';
      parts.push(found.part);
      position = found.end;
    } else {
      text += source[position];
      position++;
    }
  }
  if (text !== '') parts.push({ type: 'text', text });
  return { ok: true, parts };
}

type Found =
  | { readonly part: InterpolationPart; readonly end: number }
  | { readonly problem: string; readonly at: number };

/** The expression that starts at an offset, with the offset behind its `}`. */
function expressionAt(source: string, start: number): Found {
  const at = start + lengthOf(SPACE, source, start);
  const nameLength = lengthOf(NAME, source, at);
  if (nameLength === 0) return expected(source, at, 'the name of a variable, or match(N)');
  const name = source.slice(at, at + nameLength);
  let end = at + nameLength;
  end += lengthOf(SPACE, source, end);
  if (source[end] !== '(') return closed(source, end, { type: 'variable', name, at: at + 1 });
  end += 1 + lengthOf(SPACE, source, end + 1);
  const digits = lengthOf(NUMBER, source, end);
  if (digits === 0) return expected(source, end, 'a whole number');
  const argument = Number(source.slice(end, end + digits));
  end += digits;
  end += lengthOf(SPACE, source, end);
  if (source[end] !== ')') return expected(source, end, '")"');
  end += 1 + lengthOf(SPACE, source, end + 1);
  return closed(source, end, { type: 'call', name, argument, at: at + 1 });
}

function closed(source: string, end: number, part: InterpolationPart): Found {
  return source[end] === '}' ? { part, end: end + 1 } : expected(source, end, '"}"');
}

function expected(source: string, offset: number, what: string): Found {
  const found = offset < source.length ? JSON.stringify(source[offset]) : 'end of string';
  return { problem: `expected ${what} but found ${found}`, at: offset + 1 };
}

function lengthOf(pattern: RegExp, source: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.exec(source)?.[0].length ?? 0;
}
