import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrangeInstances } from '../../../src/discovery/queries/index.js';
import type { QueriedInstance } from '../../../src/mesh/queries/index.js';
import { node, service } from '../../state/support/records.js';

const revisions = { createIndex: 1, modifyIndex: 1 };
const instance = (name: string): QueriedInstance => ({
  node: { ...node(name), ...revisions },
  service: { ...service(name, 'web'), ...revisions },
  checks: [],
});
const names = (rows: readonly QueriedInstance[]) => rows.map((row) => row.node.node);

describe('the order in which a query answers', () => {
  test('has each instance once, those of the near node first, and ends at the limit', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(8), fc.nat(10), fc.infiniteStream(random), (count, limit, numbers) => {
        const all = Array.from({ length: count }, (_, at) => instance(`n${at}`));
        const next = () => numbers.next().value as number;
        const arranged = arrangeInstances(all, { near: 'N0', limit, random: next });
        expect(arranged).toHaveLength(limit > 0 ? Math.min(limit, count) : count);
        expect(new Set(names(arranged)).size).toBe(arranged.length);
        if (count > 0) expect(names(arranged)[0]).toBe('n0');
      }),
    );
  });

  test('is made by chance, every order being equally likely', () => {
    const all = ['a', 'b', 'c'].map(instance);
    let seed = 1;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const counts = new Map<string, number>();
    for (let round = 0; round < 6000; round++) {
      const order = names(arrangeInstances(all, { near: '', limit: 0, random })).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
