#!/usr/bin/env node
// Measures how fast a change reaches every proxy, and what that costs, beside the floor of the same payloads in the same run.
//   npm run bench -- [--proxies 200,1000,5000] [--acks short,long] [--rounds 15] [--json FILE] [--synthetic] [--no-start-up]
//   npm run bench -- --only compile                everything one sidecar with 20 upstreams is told, compiled and encoded
// --acks long: the proxies repeat a 60 kB node in every request. --synthetic: the xDS server alone, over cells set by hand.
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
