#!/usr/bin/env node
// Measures what the product costs beside the floor of the same bytes in the same run: how long it takes to be up (start-up), how fast a
// change reaches every proxy (xds), what one sidecar is told, compiled and encoded (compile, only when named), and the discovery API: reads, writes, DNS, parked queries, a restart (api).
//   npm run bench -- [--only start-up,xds,compile,api] [--full] [--rounds N] [--json FILE]
//     xds: [--proxies 1000] [--acks short,long] [--changes endpoint,intention,wildcard,split] [--synthetic]        api: [--parked 5000] [--records 50000], 0 = leave out
// Short by default; --full takes several minutes. --acks long: the proxies repeat a 60 kB node in every request. --synthetic: the xDS
// server alone, over cells set by hand. --no-start-up leaves that part out. BENCH_NODE_ARGS go to the measured node (--cpu-prof).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const args = process.argv.slice(2);
if (!args.includes('--synthetic') && !existsSync(join(root, 'dist', 'main.js'))) {
  console.error('there is no dist/main.js; run `npm run build` first');
  process.exit(1);
}
const main = join(root, 'test', 'bench', 'main.ts');
const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { cwd: root, stdio: 'inherit' });
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
