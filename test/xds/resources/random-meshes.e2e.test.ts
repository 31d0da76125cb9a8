import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { NEWEST_ENVOY } from '../../support/envoy-rig/index.js';
import { Rig } from '../../support/envoy-rig/rig.js';
import { LiveEnvoy } from './support/live-envoy.js';
import { anyMesh, FRONT_PROXY } from './support/random-mesh/index.js';
import { ScenarioMesh } from './support/scenario-mesh.js';

const MESHES = Number(process.env['FUZZ_SETS'] ?? 100);

/** Another run, other meshes; FUZZ_SEED=… runs the same again. */
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000);

const rig = new Rig();
afterAll(() => rig.close());

test(`one Envoy accepts whatever our rules accept, mesh after mesh (seed ${seed})`, async () => {
  const live = await LiveEnvoy.start(rig, NEWEST_ENVOY, FRONT_PROXY);
  const refused: object[] = [];
  let before: ScenarioMesh | undefined;
  for (const [number, steps] of fc.sample(anyMesh, { seed, numRuns: MESHES }).entries()) {
    const mesh = await ScenarioMesh.start({ default_intention_policy: number % 2 ? 'allow' : 'deny' });
    for (const step of steps)
      await mesh.step(step).catch((thrown: unknown) => {
        if (!(thrown instanceof AppError)) throw thrown;
      });
    await live.follow(mesh);
    await before?.stop();
    before = mesh;
    const problems = await live.problems();
    if (problems.length > 0) refused.push({ number, problems, steps: JSON.stringify(steps) });
  }
  // A place that nobody here can listen at: that it is refused shows that refusals are seen.
  const elsewhere = { DestinationName: 'api', LocalBindAddress: '192.0.2.1', LocalBindPort: 20_600 };
  await before?.step({
    service: {
      ID: 'front',
      Name: 'web',
      Port: 8080,
      Connect: { SidecarService: { Port: 21_000, Proxy: { Upstreams: [elsewhere] } } },
    },
  });
  const seen = await live.problems();
  await live.close();
  await before?.stop();
  console.log(`random meshes told to a real Envoy: ${MESHES}, refused: ${refused.length}, seed ${seed}`);
  expect(refused.slice(0, 3)).toEqual([]);
  // Nobody asks for the routes of a listener that is refused; where api speaks TCP there are none.
  expect(seen.filter((problem) => problem.trim() !== 'route api: unasked')).toEqual([
    expect.stringMatching(/^listener api:192\.0\.2\.1:20600: refused .*cannot bind/),
  ]);
}, 240_000);
