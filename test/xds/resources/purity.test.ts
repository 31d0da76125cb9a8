import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agentConfig, readXdsScenario, stagesOf } from '../../recordings/xds/scenarios.mjs';
import { plainView } from '../../mesh/support/plain-view.js';
import { everythingTold } from './support/everything-told.js';
import { ScenarioMesh } from './support/scenario-mesh.js';
import { type Rows, rowsOf, shuffled } from './support/state-rows.js';

/** Scenarios with many maps and lists in them. */
const RICH = [
  'access-logs-json-file',
  'authz-every-permission',
  'authz-mixed-precedence-tcp',
  'balancer-ring-hash',
  'expose-by-service-defaults',
  'failover-targets',
  'router-destinations',
  'router-to-splitter',
  'three-upstreams',
  'transparent-dial-instances',
  'transparent-failover',
];

async function stateOf(name: string): Promise<Rows> {
  const scenario = readXdsScenario(name);
  const mesh = await ScenarioMesh.start(agentConfig(scenario));
  try {
    for (const step of stagesOf(scenario).flat()) await mesh.step(step);
    return structuredClone(rowsOf(mesh.store));
  } finally {
    await mesh.stop();
  }
}

describe('the same state gives the same bytes', () => {
  test.each(RICH)('in whatever order records and keys stand: %s', async (name) => {
    const rows = await stateOf(name);
    const wanted = everythingTold(plainView(rows));
    expect(wanted.length).toBeGreaterThan(1000);
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (randoms) => {
        const mixed = shuffled(rows, () => randoms.next().value as number);
        expect(everythingTold(plainView(mixed))).toBe(wanted);
      }),
      { numRuns: 12 },
    );
  });
});
