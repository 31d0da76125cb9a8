import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LargeMap } from '../../src/core/index.js';

const steps = fc.array(
  fc.record({ remove: fc.boolean(), key: fc.integer({ min: 0, max: 30 }).map(String), value: fc.nat() }),
  { maxLength: 200 },
);

describe('a large map', () => {
  it('holds what a plain map would, over however many parts', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 12 }), (operations, mostInPart) => {
        const large = new LargeMap<number>(mostInPart);
        const plain = new Map<string, number>();
        for (const { remove, key, value } of operations) {
          if (remove) {
            large.delete(key);
            plain.delete(key);
          } else {
            large.set(key, value);
            plain.set(key, value);
          }
          expect(large.get(key)).toBe(plain.get(key));
          expect(large.size).toBe(plain.size);
        }
        const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
        expect(new Map(large.entries())).toEqual(plain);
        expect([...large.entries()]).toHaveLength(plain.size);
        expect(new Set(large.keys())).toEqual(new Set(plain.keys()));
        expect(sum(large.values())).toBe(sum(plain.values()));
      }),
    );
  });

  it('hands out keys in the order in which they came', () => {
    const large = new LargeMap<number>(10);
    const keys = Array.from({ length: 95 }, (_, at) => String((at * 37) % 95));
    for (const key of keys) large.set(key, 1);
    expect([...large.keys()]).toEqual(keys);
  });
});
