#!/usr/bin/env node
// Builds dist/: types of the Envoy API, then one bundle of our own sources, in as few files as loading in part allows. A process starts with
// half the CPU time that a file per module took. Types are checked by `npm run check`. Prints one line.
import { chmodSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateEnvoyTypes } from './generate-envoy-types.mjs';
import { bundle } from './lib/bundle.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
/** What is run as a program of its own. */
const entries = ['main', 'cli/dev/warden-main', 'cli/dev/demo-service-main'];
const startedAt = performance.now();
generateEnvoyTypes();
rmSync(dist, { recursive: true, force: true });
try {
  await bundle(root, Object.fromEntries(entries.map((path) => [path, path])), dist);
} catch (error) {
  console.error(`build failed: ${error.message}`);
  process.exit(1);
}
chmodSync(join(dist, 'main.js'), 0o755);
console.log(`built dist/ in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
