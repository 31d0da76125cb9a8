import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type InterpolationPart,
  parseInterpolation,
  renderInterpolation,
} from '../../../src/lang/interpolation/index.js';

const scope = {
  variables: new Map([['name.full', 'web-1']]),
  functions: new Map([['match', (group: number) => `<${group}>`]]),
};

const printed = (part: InterpolationPart): string => {
  if (part.type === 'text') return part.text.replaceAll('${', () => '$${');
  return part.type === 'variable' ? `\${${part.name}}` : `\${ ${part.name}( ${part.argument} ) }`;
};

const name = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,8}$/);
const part: fc.Arbitrary<InterpolationPart> = fc.oneof(
  // A dollar sign before what follows would change its meaning.
  fc
    .oneof(fc.string({ minLength: 1 }), fc.constantFrom('${', 'a ${b} c'))
    .filter((text) => !text.endsWith('$') && !text.includes('$${'))
    .map((text) => ({ type: 'text' as const, text })),
  name.map((variable) => ({ type: 'variable' as const, name: variable, at: 0 })),
  fc.tuple(name, fc.nat(99)).map(([called, argument]) => ({ type: 'call' as const, name: called, argument, at: 0 })),
);

describe('interpolated text', () => {
  it('has variables and functions of a number filled in', () => {
    expect(renderInterpolation('a ${name.full} ${ match( 2 ) }!', scope)).toEqual({ ok: true, text: 'a web-1 <2>!' });
  });

  it('keeps dollars and braces that stand alone, and $${ as ${', () => {
    expect(renderInterpolation('$ {x} $x $${name.full}', scope)).toEqual({ ok: true, text: '$ {x} $x ${name.full}' });
  });

  it.each([
    ['${bad', 'format', 'expected "}" but found end of string', 6],
    ['${}', 'format', 'expected the name of a variable, or match(N) but found "}"', 3],
    ['x${match(a)}', 'format', 'expected a whole number but found "a"', 10],
    ['${match(1}', 'format', 'expected ")" but found "}"', 10],
    ['${1 + 1}', 'format', 'expected the name of a variable, or match(N) but found "1"', 3],
    ['${nope.x}', 'evaluation', 'unknown variable accessed: nope.x', 3],
    ['${exec(1)}', 'evaluation', 'unknown function called: exec', 3],
  ] as const)('%s is wrong, and it says where', (source, kind, problem, at) => {
    expect(renderInterpolation(source, scope)).toEqual({ ok: false, kind, problem, at });
  });

  it('comes back from any parts that are written down', () => {
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const parsed = parseInterpolation(parts.map(printed).join(''));
        const joined = parts.reduce<InterpolationPart[]>((all, one) => {
          const last = all.at(-1);
          return one.type === 'text' && last?.type === 'text'
            ? [...all.slice(0, -1), { type: 'text', text: last.text + one.text }]
            : [...all, one];
        }, []);
        expect(parsed.ok && parsed.parts.map((one) => (one.type === 'text' ? one : { ...one, at: 0 }))).toEqual(joined);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', '(', ')', 'a', '1', ' ', '.') }), (source) => {
        expect(typeof renderInterpolation(source, scope).ok).toBe('boolean');
      }),
    );
  });
});
