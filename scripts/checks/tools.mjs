// Checks that are one call of a tool: types, lint, format, unused code.
import { join } from 'node:path';
import { root, runQuiet } from '../lib/run.mjs';

const bin = (...path) => join(root, 'node_modules', ...path);
const verdict = ({ code, text }) => ({ ok: code === 0, text: text.trim() });

/** The compiler over src/ and test/ (TypeScript 7, the fast one). */
export const types = async () =>
  verdict(await runQuiet(process.execPath, [bin('typescript7', 'bin', 'tsc'), '--noEmit', '-p', 'test/tsconfig.json']));

/** oxlint with its type-aware rules. */
export const lint = async () =>
  verdict(
    await runQuiet(process.execPath, [
      bin('oxlint', 'bin', 'oxlint'),
      '--type-aware',
      '--deny-warnings',
      '--format',
      'unix',
      'src',
      'test',
      'scripts',
    ]),
  );

/** biome as a formatter. */
export const format = async () =>
  verdict(await runQuiet(process.execPath, [bin('@biomejs', 'biome', 'bin', 'biome'), 'format', '--colors=off']));

/** knip: files, exports and dependencies that nothing uses. */
export const unused = async () =>
  verdict(await runQuiet(process.execPath, [bin('knip', 'bin', 'knip.js'), '--no-progress', '--no-config-hints']));
