// Were the sources changed since the last build?
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const inputs = [
  'src',
  'proto',
  'scripts/build.mjs',
  'scripts/generate-envoy-types.mjs',
  'tsconfig.json',
  'package-lock.json',
];
const ignored = new Set(['src/xds/envoy-api/generated']);
const stampFile = (root) => join(root, '.cache', 'build-stamp');

function* filesUnder(root, path) {
  if (ignored.has(path)) return;
  const info = statSync(join(root, path), { throwIfNoEntry: false });
  if (!info) return;
  if (!info.isDirectory()) yield `${path} ${info.size} ${info.mtimeMs}`;
  else for (const name of readdirSync(join(root, path)).sort()) yield* filesUnder(root, `${path}/${name}`);
}

/** A text that changes whenever a source file appears, disappears or is written. */
export function sourceStamp(root) {
  const hash = createHash('sha256');
  for (const input of inputs) for (const line of filesUnder(root, input)) hash.update(`${line}\n`);
  return hash.digest('hex');
}

/** Whether dist/ was built from the sources with this stamp. */
export function isBuilt(root, stamp) {
  if (!existsSync(join(root, 'dist', 'main.js')) || !existsSync(stampFile(root))) return false;
  return readFileSync(stampFile(root), 'utf8') === stamp;
}

/** Notes that dist/ was built from the sources with this stamp. */
export function markBuilt(root, stamp) {
  mkdirSync(join(root, '.cache'), { recursive: true });
  writeFileSync(stampFile(root), stamp);
}
