import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeOptions } from '../../../src/agent/config/merge.js';
import type { AgentOptions } from '../../../src/agent/config/options.js';

const source = fc.record(
  {
    nodeName: fc.string(),
    server: fc.boolean(),
    recursors: fc.array(fc.string(), { maxLength: 3 }),
    nodeMeta: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.string()),
    ports: fc.record({ http: fc.nat(), dns: fc.nat() }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<AgentOptions>;
const sources = fc.array(source, { maxLength: 5 });
const last = <Value>(values: readonly (Value | undefined)[]): Value | undefined =>
  values.filter((value) => value !== undefined).at(-1);

describe('sources merged in order', () => {
  it('give the last of scalars, all of lists, and the last of each entry of maps and sections', () => {
    fc.assert(
      fc.property(sources, (all) => {
        const merged = mergeOptions(all);
        expect(merged.nodeName).toBe(last(all.map(({ nodeName }) => nodeName)));
        expect(merged.server).toBe(last(all.map(({ server }) => server)));
        expect(merged.recursors ?? []).toEqual(all.flatMap(({ recursors }) => recursors ?? []));
        expect(merged.ports?.http).toBe(last(all.map(({ ports }) => ports?.http)));
        for (const key of ['a', 'b', 'c'])
          expect(merged.nodeMeta?.[key]).toBe(last(all.map(({ nodeMeta }) => nodeMeta?.[key])));
      }),
    );
  });

  it('may be merged in groups: what comes out is the same', () => {
    fc.assert(
      fc.property(sources, sources, (left, right) => {
        expect(mergeOptions([mergeOptions(left), mergeOptions(right)])).toEqual(mergeOptions([...left, ...right]));
      }),
    );
  });

  it('are not changed by it', () => {
    fc.assert(
      fc.property(sources, (all) => {
        const before = structuredClone(all);
        mergeOptions(all);
        expect(all).toEqual(before);
      }),
    );
  });
});
