import { type InterpolationPart, parseInterpolation } from './parse-interpolation.js';

/** What stands behind the names in an interpolated text. */
export interface InterpolationScope {
  readonly variables: ReadonlyMap<string, string>;
  readonly functions: ReadonlyMap<string, (argument: number) => string>;
}

/** A text with everything filled in, or what is wrong with it at which character, counted from 1. */
export type Rendered =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly kind: 'format' | 'evaluation'; readonly problem: string; readonly at: number };

/** Fills in the variables and functions of a text. Never throws. */
export function renderInterpolation(source: string, scope: InterpolationScope): Rendered {
  const parsed = parseInterpolation(source);
  if (!parsed.ok) return { ok: false, kind: 'format', problem: parsed.problem, at: parsed.at };
  let text = '';
  for (const part of parsed.parts) {
    const value = valueOf(part, scope);
    if (value === undefined) return { ok: false, kind: 'evaluation', ...unknown(part) };
    text += value;
  }
  return { ok: true, text };
}

function valueOf(part: InterpolationPart, { variables, functions }: InterpolationScope): string | undefined {
  if (part.type === 'text') return part.text;
  return part.type === 'variable' ? variables.get(part.name) : functions.get(part.name)?.(part.argument);
}

function unknown(part: InterpolationPart): { readonly problem: string; readonly at: number } {
  if (part.type === 'text') return { problem: 'this text has no value', at: 1 };
  const what = part.type === 'variable' ? 'unknown variable accessed' : 'unknown function called';
  return { problem: `${what}: ${part.name}`, at: part.at };
}
