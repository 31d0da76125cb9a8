import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { type HclShape, normalizeHcl, parseHcl, parseHclOrJson, unwrapBlocks } from '../../../src/lang/hcl/index.js';

const shapes: Readonly<Record<string, HclShape>> = {
  '': 'object',
  service: 'list',
  'service.check': 'list',
  'service.meta': 'map',
  'service.config': 'any',
  rules: 'map',
};
const shapeOf = (path: readonly string[]): HclShape => shapes[path.join('.')] ?? 'object';

describe('block lists', () => {
  it('become objects where they were written once, lists in the text stay', () => {
    const text = 'a { b { c = 1 } }\nlist = [{ x { y = 1 } }]\ntwice { n = 1 }\ntwice { n = 2 }\nnone = []';
    expect(unwrapBlocks(parseHcl(text))).toEqual({
      a: { b: { c: 1 } },
      list: [{ x: { y: 1 } }],
      twice: [{ n: 1 }, { n: 2 }],
      none: [],
    });
  });

  it('become what the schema wants', () => {
    const text =
      'service { meta { a = 1 } meta { b = 2 } check { id = 1 } weights { passing = 1 } config = { x { y = 1 } } }';
    expect(normalizeHcl(parseHcl(text), shapeOf)).toEqual({
      service: [{ meta: { a: 1, b: 2 }, check: [{ id: 1 }], weights: { passing: 1 }, config: { x: { y: 1 } } }],
    });
  });

  it('make the same of JSON, of blocks and of lists', () => {
    const expected = { service: [{ check: [{ id: 1 }], weights: { passing: 1 } }] };
    for (const text of [
      'service { check { id = 1 } weights { passing = 1 } }',
      'service = [{ check = [{ id = 1 }] weights = { passing = 1 } }]',
      '{"service": {"check": {"id": 1}, "weights": {"passing": 1}}}',
      '{"service": [{"check": [{"id": 1}], "weights": {"passing": 1}}]}',
    ]) {
      expect(normalizeHcl(parseHclOrJson(text), shapeOf)).toEqual(expected);
    }
  });

  it('join labelled blocks into one map and refuse a label that is given twice', () => {
    expect(normalizeHcl(parseHcl('rules "a" { p = 1 } rules "b" { p = 2 }'), shapeOf)).toEqual({
      rules: { a: { p: 1 }, b: { p: 2 } },
    });
    expect(() => normalizeHcl(parseHcl('rules "a" { p = 1 } rules "a" { p = 2 }'), shapeOf)).toThrow(
      new AppError('invalidArgument', '"rules.a" is given more than once; give it once'),
    );
  });

  it('are refused by path when the schema wants one object and there are two', () => {
    expect(() => normalizeHcl(parseHcl('service { weights {} weights {} }'), shapeOf)).toThrow(
      new AppError('invalidArgument', '"service.weights" is given 2 times; give it once'),
    );
  });
});
