import { describe, expect, it } from 'vitest';
import {
  type Field,
  flag,
  integer,
  list,
  object,
  problemText,
  text,
  tryDecode,
} from '../../../src/model/wire/index.js';

interface Sample {
  readonly bindPort: number;
  readonly name: string;
  readonly isOpen: boolean;
  readonly tags: readonly string[];
  readonly inner: { readonly socketMode: string };
}

const inner = (exactNames?: true): Field<Sample['inner']> =>
  object<Sample['inner']>({ socketMode: text() }, exactNames ? { exactNames } : {});
const sample = (exactNames?: true): Field<Sample> =>
  object<Sample>({ bindPort: integer(), name: text(), isOpen: flag(), tags: list(text()), inner: inner(exactNames) });

const problems = (input: object, strict?: 'types' | 'names', field = sample()): readonly string[] => {
  const result = tryDecode(field, input, { strict });
  return result.ok ? [] : result.problems.map(problemText);
};

const loose = { bindPort: '80', name: 5, isOpen: 'true', tags: 'a', inner: [{ socketMode: true }] };

describe('a body whose values must have the type of their field', () => {
  it('is taken with other types where files are read', () => {
    expect(problems(loose)).toEqual([]);
  });

  it.each(['types', 'names'] as const)('is refused with them (%s), each by name', (strict) => {
    expect(problems(loose, strict)).toEqual([
      'json: cannot unmarshal string into "BindPort": it must be a whole number, not text',
      'json: cannot unmarshal number into "Name": it must be text, not a number',
      'json: cannot unmarshal string into "IsOpen": it must be true or false, not text',
      'json: cannot unmarshal string into "Tags": it must be a list, not text',
      'json: cannot unmarshal array into "Inner": it must be an object, not a list',
    ]);
  });

  it('takes null for everything, and keys in any case', () => {
    const empty = { bindport: null, NAME: null, IsOpen: null, tags: null, inner: null };
    expect(problems(empty, 'names')).toEqual([]);
  });
});

describe('keys with underscores', () => {
  const snake = { bind_port: 80, inner: { socket_mode: '0600' } };

  it('are known where files are read and where bodies may have them', () => {
    expect(problems(snake)).toEqual([]);
    expect(problems(snake, 'types')).toEqual([]);
  });

  it('are unknown where names are exact, or the object says that they are', () => {
    expect(problems(snake, 'names')).toEqual([
      'json: unknown field "bind_port"',
      'json: unknown field "Inner.socket_mode"',
    ]);
    expect(problems(snake, 'types', sample(true))).toEqual(['json: unknown field "Inner.socket_mode"']);
  });
});
