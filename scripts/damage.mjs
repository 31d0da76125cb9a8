// npm run damage [-- --damages 5000 --kills 50 --seed N]: the tests of the embedded store against damaged files, kills and a full disk, for longer than `npm test` does.
import { parseArgs } from 'node:util';
import { runVisible } from './lib/run.mjs';
import { prepare } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    damages: { type: 'string', default: '5000' },
    kills: { type: 'string', default: '50' },
    seed: { type: 'string' },
  },
});
try {
  await prepare();
  process.env.MESHWRIGHT_DAMAGES = values.damages;
  process.env.MESHWRIGHT_KILLS = values.kills;
  if (values.seed !== undefined) process.env.MESHWRIGHT_SEED = values.seed;
  process.exitCode = await runVisible('npx', ['vitest', 'run', 'test/state/embedded', '--reporter=verbose']);
} catch (error) {
  console.error(`npm run damage: ${error.message}`);
  process.exitCode = 2;
}
