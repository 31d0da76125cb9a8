import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedRows } from '../../../src/state/tables/sorted-rows.js';

const keys = fc.string({ minLength: 0, maxLength: 4, unit: fc.constantFrom('a', 'b', '/', '\u0000', 'é', '\uffff') });

describe('sorted rows', () => {
  it('hold what a map would, in the order of keys, and find every prefix', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('set', 'set', 'set', 'delete'), keys, fc.nat()), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, keys, (operations, prefix) => {
        const rows = new SortedRows<number>();
        const model = new Map<string, number>();
        for (const [operation, key, value] of operations) {
          if (operation === 'set') {
            rows.set(key, value);
            model.set(key, value);
          } else {
            rows.delete(key);
            model.delete(key);
          }
        }
        const expected = [...model].sort(([left], [right]) => (left < right ? -1 : 1));
        expect(rows.size).toBe(model.size);
        expect(rows.values()).toEqual(expected.map(([, value]) => value));
        expect(rows.withPrefix(prefix)).toEqual(
          expected.filter(([key]) => key.startsWith(prefix)).map(([, value]) => value),
        );
      }),
    );
  });

  it.each([
    ['in order', (at: number) => at],
    ['backwards', (at: number) => 5000 - at],
    ['mixed', (at: number) => (at * 7919) % 5000],
  ])('stay in order over many chunks when keys come %s', (_name, position) => {
    const rows = new SortedRows<string>();
    const keyOf = (at: number): string => String(position(at)).padStart(6, '0');
    for (let at = 0; at < 5000; at += 1) rows.set(keyOf(at), keyOf(at));
    const values = rows.values();
    expect(values).toEqual([...values].sort());
    expect(rows.withPrefix('0012')).toHaveLength(100);
    for (let at = 0; at < 5000; at += 2) rows.delete(keyOf(at));
    expect(rows.values()).toHaveLength(2500);
    expect(rows.size).toBe(2500);
  });

  it('hand out arrays that later changes do not touch', () => {
    const rows = new SortedRows<number>();
    rows.set('a', 1);
    const before = rows.values();
    rows.set('b', 2);
    expect(before).toEqual([1]);
  });
});
