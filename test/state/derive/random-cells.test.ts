import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/index.js';
import type { Cell, MeshView } from '../../../src/model/index.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../../src/state/index.js';
import { sharedBackend } from '../support/engines.js';
import { kv } from '../support/records.js';

const KEYS = ['a', 'b', 'ab', 'ba', 'aa'] as const;

type Step =
  | { readonly read: 'get'; readonly key: string }
  | { readonly read: 'range'; readonly prefix: string }
  | { readonly read: 'cell'; readonly key: string }
  /** Only when what was read so far adds up to an even number: what is read depends on the data. */
  | { readonly read: 'maybe'; readonly step: Step };

interface Program {
  readonly steps: readonly Step[];
  /** The result is the sum of what was read, modulo this: small numbers make equal results likely. */
  readonly modulus: number;
}

/** One read of a computation with its result, to be checked when it runs again. */
interface Read {
  readonly again: (view: MeshView) => unknown;
  readonly result: string;
}

const step: fc.Arbitrary<Step> = fc.letrec<{ step: Step }>((tie) => ({
  step: fc.oneof(
    { depthSize: 'small' },
    fc.record({ read: fc.constant('get' as const), key: fc.constantFrom(...KEYS) }),
    fc.record({ read: fc.constant('range' as const), prefix: fc.constantFrom('', 'a', 'b', 'ab') }),
    fc.record({ read: fc.constant('cell' as const), key: fc.constantFrom('p', 'q', 'r') }),
    fc.record({ read: fc.constant('maybe' as const), step: tie('step') }),
  ),
})).step;
const program: fc.Arbitrary<Program> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  modulus: fc.constantFrom(1, 2, 3, 100),
});
/** Programs of three levels of cells; level n reads level n - 1. */
const graph = fc.array(fc.record({ p: program, q: program, r: program }), { minLength: 3, maxLength: 3 });
const change = fc.record({ key: fc.constantFrom(...KEYS), value: fc.integer({ min: -1, max: 3 }) });
const commits = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 });

type Levels = readonly Readonly<Record<string, Program>>[];

/** The cells of a graph. `onCompute` is told of each computation with what it read. */
function cellsOf(levels: Levels, onCompute: (name: string, reads: readonly Read[]) => void): Cell<number>[] {
  const cells: Cell<number>[] = [];
  levels.forEach((programs, level) => {
    cells.push({
      kind: `level-${level}`,
      compute(view, name) {
        const { steps, modulus } = programs[name] as Program;
        const reads: Read[] = [];
        const note = (again: (at: MeshView) => unknown): unknown => {
          const result = again(view);
          reads.push({ again, result: JSON.stringify(result) ?? '' });
          return result;
        };
        const run = (at: Step, sum: number): number => {
          if (at.read === 'maybe') return sum % 2 === 0 ? run(at.step, sum) : 0;
          if (at.read === 'get')
            return Number((note((from) => from.get('kv', at.key)) as { value: string } | undefined)?.value ?? 7);
          if (at.read === 'range') {
            const rows = note((from) => from.range('kv', 'prefix', [at.prefix])) as readonly { value: string }[];
            return rows.reduce((total, { value }) => total + Number(value), 0);
          }
          const below = cells[level - 1];
          return below ? (note((from) => from.cell(below, at.key)) as number) : 1;
        };
        const total = steps.reduce((sum, at) => sum + run(at, sum), 0);
        onCompute(`${level} ${name}`, reads);
        return total % modulus;
      },
    });
  });
  return cells;
}

async function apply(store: StateStore, changes: readonly { key: string; value: number }[]): Promise<void> {
  await store.transact('change', (transaction) => {
    for (const { key, value } of changes) {
      if (value < 0) transaction.delete('kv', key);
      else transaction.put('kv', kv(key, `${value}`));
    }
  });
}

describe('random graphs of cells under random commits', () => {
  it('always have the value, and the index, that a computation from nothing has', async () => {
    await fc.assert(
      fc.asyncProperty(graph, commits, async (levels, history) => {
        const backend = createMemoryBackend();
        const store = createStateStore({ backend, clock: systemClock });
        await store.ready;
        const cells = cellsOf(levels, () => undefined);
        const live = new Map<string, { value: number; index: number }>();
        cells.forEach((cell, level) => {
          // Some are subscribed, the others only read now and then.
          if (level !== 1) store.subscribe(cell, 'p', (value, index) => void live.set(`${level} p`, { value, index }));
        });
        for (const [round, changes] of history.entries()) {
          await apply(store, changes);
          const fresh = createStateStore({ backend: sharedBackend(backend), clock: systemClock });
          await fresh.ready;
          const freshCells = cellsOf(levels, () => undefined);
          for (const level of [2, 0]) {
            const expected = fresh.read(freshCells[level] as Cell<number>, 'p');
            expect(live.get(`${level} p`)?.value).toBe(expected.value);
            expect(store.read(cells[level] as Cell<number>, 'p')).toEqual(expected);
          }
          if (round % 2 === 1)
            for (const name of ['p', 'q', 'r'])
              expect(store.read(cells[1] as Cell<number>, name)).toEqual(
                fresh.read(freshCells[1] as Cell<number>, name),
              );
          await fresh.close();
        }
        await store.close();
      }),
      { numRuns: 150 },
    );
  });

  it('compute nothing twice in a flush, and nothing of which no read has another result', async () => {
    await fc.assert(
      fc.asyncProperty(graph, commits, async (levels, history) => {
        const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
        await store.ready;
        const lastReads = new Map<string, readonly Read[]>();
        let computed: string[] = [];
        const causeless: string[] = [];
        /** Computations that nobody needed since something they had read changed; it may have changed back by now. */
        const outdated = new Set<string>();
        let checking = false;
        const readsDiffer = (reads: readonly Read[]): boolean => {
          checking = true;
          const differ = store.whatIf(
            () => undefined,
            (view) => reads.some(({ again, result }) => (JSON.stringify(again(view)) ?? '') !== result),
          );
          checking = false;
          return differ;
        };
        const cells = cellsOf(levels, (name, reads) => {
          if (checking) return;
          const before = lastReads.get(name);
          computed.push(name);
          lastReads.set(name, reads);
          if (before && !outdated.delete(name) && !readsDiffer(before)) causeless.push(name);
        });
        for (const name of ['p', 'q']) store.subscribe(cells[2] as Cell<number>, name, () => undefined);
        for (const changes of history) {
          computed = [];
          await apply(store, changes);
          expect(new Set(computed).size).toBe(computed.length);
          for (const [name, reads] of lastReads) if (readsDiffer(reads)) outdated.add(name);
        }
        expect(causeless).toEqual([]);
        await store.close();
      }),
      { numRuns: 150 },
    );
  });
});
