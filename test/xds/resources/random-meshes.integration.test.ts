import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { checkEncoding } from '../../../src/xds/envoy-api/index.js';
import { plainView } from '../../mesh/support/plain-view.js';
import { everythingTold } from './support/everything-told.js';
import { anyMesh, FRONT_PROXY, type RandomStep } from './support/random-mesh/index.js';
import { ScenarioMesh } from './support/scenario-mesh.js';
import { rowsOf, shuffled } from './support/state-rows.js';

const SETS = Number(process.env['FUZZ_SETS'] ?? 2_000);

/** Another run, other meshes; FUZZ_SEED=… runs the same again. */
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000);

/** Building everything twice more takes its time: one mesh in twenty is looked at in another order, too. */
const anyCase = fc.record({
  steps: anyMesh,
  policy: fc.constantFrom('allow', 'deny'),
  shuffle: fc.oneof(
    { weight: 19, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 2_147_483_646 }) },
  ),
});

/** An escape hatch for a cluster that another upstream leads to as well: its endpoints are made, and nobody asks for them. */
const WASTE = /^endpoints: nothing asks for/;

beforeAll(() => checkEncoding(true));
afterAll(() => checkEncoding(false));

test(`whatever is accepted makes configurations that are complete, lossless and the same in any order (seed ${seed})`, async () => {
  const count = { meshes: 0, shuffled: 0, accepted: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(anyCase, async ({ steps, policy, shuffle }) => {
      const mesh = await ScenarioMesh.start({ default_intention_policy: policy });
      try {
        for (const step of steps) count[(await isTaken(mesh, step)) ? 'accepted' : 'refused']++;
        expect(mesh.problems(FRONT_PROXY).filter((problem) => !WASTE.test(problem))).toEqual([]);
        count.meshes++;
        if (shuffle === undefined) return;
        const rows = structuredClone(rowsOf(mesh.store));
        let state = shuffle;
        const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
        expect(everythingTold(plainView(shuffled(rows, random)))).toBe(everythingTold(plainView(rows)));
        count.shuffled++;
      } finally {
        await mesh.stop();
      }
    }),
    { numRuns: SETS, seed },
  );
  console.log(`random meshes: ${JSON.stringify(count)}, seed ${seed}`);
  expect(count.accepted).toBeGreaterThan(count.refused);
  expect(count.shuffled).toBeGreaterThan(SETS / 50);
}, 900_000);

/** Whether a step was taken; a fault of ours is thrown on. */
async function isTaken(mesh: ScenarioMesh, step: RandomStep): Promise<boolean> {
  try {
    await mesh.step(step);
    return true;
  } catch (thrown) {
    if (thrown instanceof AppError && !['internal', 'corruptState'].includes(thrown.code)) return false;
    throw new Error(`a step failed: ${JSON.stringify(step)}`, { cause: thrown });
  }
}
