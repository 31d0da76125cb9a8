import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EntryTable } from '../../../src/xds/server/entry-table.js';
import { Entry, Subscription } from '../../../src/xds/server/subscription.js';

const owner = new Subscription('cluster', { wake: () => undefined, filterDue: () => undefined });

test('a table of entries answers as a map would, short or long', () => {
  const step = fc.tuple(fc.constantFrom('add', 'delete'), fc.integer({ min: 0, max: 90 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new EntryTable();
      const map = new Map<string, Entry>();
      for (const [what, number] of steps) {
        const name = `n${number}`;
        if (what === 'delete') {
          table.delete(name);
          map.delete(name);
        } else if (!map.has(name)) {
          const entry = new Entry(owner, name, { current: undefined, failing: false });
          table.add(entry);
          map.set(name, entry);
        }
        expect(table.get(name)).toBe(map.get(name));
        expect(table.size).toBe(map.size);
      }
      expect(table.values()).toEqual([...map.values()]);
    }),
  );
});
