// Every installed package must have a licence from the list.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/run.mjs';

const allowed = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Python-2.0',
  'CC0-1.0',
  'Unlicense',
  'Zlib',
  // node-forge, under @grpc/grpc-js-xds: used under the first of the two.
  '(BSD-3-Clause OR GPL-2.0)',
]);

/** Development only, never shipped: data tables, not code. */
const allowedInDevelopment = new Set(['CC-BY-4.0', 'MPL-2.0']);

/** Whether an SPDX expression is acceptable: an OR needs one good side, an AND needs all. */
export function isAllowed(expression, dev = false) {
  if (allowed.has(expression) || (dev && allowedInDevelopment.has(expression))) return true;
  const plain = expression.replace(/^\(|\)$/g, '');
  if (/[()]/.test(plain)) return false;
  if (/ OR /.test(plain)) return plain.split(' OR ').some((part) => isAllowed(part.trim(), dev));
  if (/ AND /.test(plain)) return plain.split(' AND ').every((part) => isAllowed(part.trim(), dev));
  return false;
}

function* packagesUnder(folder) {
  for (const entry of readdirSync(folder)) {
    if (entry.startsWith('.')) continue;
    const path = join(folder, entry);
    if (entry.startsWith('@')) yield* packagesUnder(path);
    else if (existsSync(join(path, 'package.json'))) {
      yield path;
      if (existsSync(join(path, 'node_modules'))) yield* packagesUnder(join(path, 'node_modules'));
    }
  }
}

const licenceOf = (manifest) =>
  typeof manifest.license === 'string'
    ? manifest.license
    : (manifest.license?.type ?? manifest.licenses?.map((one) => one.type ?? one).join(' OR ') ?? 'none stated');

/** No package under node_modules has a licence outside the list. */
export function licences() {
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const bad = [];
  let count = 0;
  for (const path of packagesUnder(join(root, 'node_modules'))) {
    const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    if (!manifest.name || !manifest.version) continue;
    count++;
    const entry = locked[path.slice(root.length + 1).replaceAll('\\', '/')];
    const licence = licenceOf(manifest);
    if (!isAllowed(licence, entry?.dev === true)) bad.push(`${manifest.name} ${manifest.version}: ${licence}`);
  }
  if (count < 50) return { ok: false, text: `only ${count} packages found under node_modules` };
  return { ok: bad.length === 0, text: bad.join('\n'), note: `${count} packages` };
}
