#!/usr/bin/env node
// Three servers, three etcd members and some client agents under load while they are killed, paused, cut off and robbed of disk and time; histories are
// checked. Needs the right to make network namespaces.
//   npm run soak -- [--seconds 1800] [--seed N] [--faults kill-server,cut-cable,…] [--recovery-seconds 5] [--agents 5] [--managed]
//                   [--envoy-version X] [--other-build <main.js of another build, for the fault change-build>]
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/run.mjs';

if (!existsSync(join(root, 'dist', 'main.js'))) {
  console.error('there is no dist/main.js; run `npm run build` first');
  process.exit(1);
}
const main = join(root, 'test', 'soak', 'main.ts');
const words = ['-Urnm', '--kill-child', process.execPath, '--import', 'tsx', main, ...process.argv.slice(2)];
const child = spawn('unshare', words, { cwd: root, stdio: 'inherit' });
child.on('error', () => {
  console.error('there is no `unshare` here: network namespaces cannot be made');
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
