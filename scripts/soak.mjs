#!/usr/bin/env node
// Three servers, three etcd members and some client agents under load while they are killed, paused, cut off and robbed of disk and time; histories are
// checked. Needs the right to make network namespaces. `npm run soak -- --help` tells the options.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, runVisible } from './lib/run.mjs';

if (!existsSync(join(root, 'dist', 'main.js'))) {
  console.error('there is no dist/main.js; run `npm run build` first');
  process.exit(1);
}
const main = join(root, 'test', 'soak', 'main.ts');
process.exitCode = await runVisible(process.execPath, ['--import', 'tsx', main, ...process.argv.slice(2)]);
