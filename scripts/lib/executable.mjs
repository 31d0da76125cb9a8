// The built command line as one executable file, for tools that start "something that behaves like `consul`".
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './run.mjs';

/** Writes a wrapper that runs dist/main.js with this very Node; answers { path, remove() }. */
export function wrapperExecutable() {
  const dir = mkdtempSync(join(tmpdir(), 'meshwright-'));
  const path = join(dir, 'meshwright');
  const quoted = [process.execPath, join(root, 'dist', 'main.js')].map((part) => `'${part.replaceAll("'", "'\\''")}'`);
  writeFileSync(path, `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`);
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
