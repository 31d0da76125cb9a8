#!/usr/bin/env node
// Measures what the product costs: npm run bench -- --help (test/bench/options.ts has the options).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const args = process.argv.slice(2);
const isHelp = args.includes('--help') || args.includes('-h');
if (!isHelp && !args.includes('--synthetic') && !existsSync(join(root, 'dist', 'main.js'))) {
  console.error('there is no dist/main.js; run `npm run build` first');
  process.exit(1);
}
const main = join(root, 'test', 'bench', 'main.ts');
const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { cwd: root, stdio: 'inherit' });
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
