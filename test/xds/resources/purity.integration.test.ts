import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { agentConfig, readXdsScenario, stagesOf } from '../../recordings/xds/scenarios.mjs';
import { plainView } from '../../mesh/support/plain-view.js';
import { everythingTold } from './support/everything-told.js';
import { ScenarioMesh } from './support/scenario-mesh.js';
import { rowsOf } from './support/state-rows.js';

const program = fileURLToPath(new URL('support/told-in-process.ts', import.meta.url));

test('another process makes the same bytes of the same state', async () => {
  const scenario = readXdsScenario('router-to-splitter');
  const mesh = await ScenarioMesh.start(agentConfig(scenario));
  for (const step of stagesOf(scenario).flat()) await mesh.step(step);
  const rows = rowsOf(mesh.store);
  await mesh.stop();
  const other = spawnSync(process.execPath, ['--import', 'tsx', program], {
    input: JSON.stringify(rows),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  expect(other.stderr).toBe('');
  expect(other.stdout).toBe(everythingTold(plainView(rows)));
});
