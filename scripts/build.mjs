#!/usr/bin/env node
// Builds dist/: types of the Envoy API, then plain tsc. Incremental; prints one line.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateEnvoyTypes } from './generate-envoy-types.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const startedAt = performance.now();
generateEnvoyTypes();
const cache = join(root, '.cache');
const info = join(cache, 'build.tsbuildinfo');
mkdirSync(cache, { recursive: true });
if (!existsSync(join(root, 'dist'))) rmSync(info, { force: true });
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
try {
  execFileSync(process.execPath, [compiler, '-p', root, '--incremental', '--tsBuildInfoFile', info], {
    cwd: root,
    stdio: 'inherit',
  });
} catch {
  console.error('build failed: see the messages above');
  process.exit(1);
}
const main = join(root, 'dist', 'main.js');
if (existsSync(main)) chmodSync(main, 0o755);
console.log(`built dist/ in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
