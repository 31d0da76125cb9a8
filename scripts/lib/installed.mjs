// Are the dependencies of the lock file in node_modules?
import { readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

const read = (file) => {
  try {
    return { json: JSON.parse(readFileSync(file, 'utf8')), at: statSync(file).mtimeMs };
  } catch {
    return undefined;
  }
};

/**
 * Why an installation is needed, or undefined when it is not. npm writes `node_modules/.package-lock.json` last, so a half
 * installation has none. When that file is only older than the lock file but lists the same packages, its time is renewed.
 */
export function whyInstall(root) {
  const wanted = read(join(root, 'package-lock.json'));
  const file = join(root, 'node_modules', '.package-lock.json');
  const installed = read(file);
  if (!installed) return 'the dependencies are not installed';
  if (!wanted || installed.at >= wanted.at) return undefined;
  for (const [path, want] of Object.entries(wanted.json.packages)) {
    if (path === '') continue;
    const have = installed.json.packages[path];
    if (!have && want.optional) continue;
    if (have?.version !== want.version || have?.integrity !== want.integrity) return 'package-lock.json changed';
  }
  const now = new Date();
  utimesSync(file, now, now);
  return undefined;
}
