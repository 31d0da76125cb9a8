// Makes a checkout ready to run: dependencies installed, dist/ built. Needs only Node's own modules.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isBuilt, markBuilt, sourceStamp } from './lib/build-stamp.mjs';
import { whyInstall } from './lib/installed.mjs';
import { isMain, root, runQuiet, runVisible } from './lib/run.mjs';

const leastNode = [20, 19];

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1])) return;
  throw new Error(
    `Meshwright needs Node ${leastNode.join('.')} or newer and this is ${process.versions.node}: install a newer Node and try again.`,
  );
}

const since = (started) => `${((Date.now() - started) / 1000).toFixed(1)} s`;

async function install(why) {
  console.error(`meshwright: ${why}; installing (npm ci) …`);
  const started = Date.now();
  const npm = process.env.npm_execpath;
  const args = ['ci', '--include=dev', '--no-fund', '--no-audit', '--loglevel=error'];
  const [command, first] = npm?.endsWith('js') ? [process.execPath, [npm]] : [npm ?? 'npm', []];
  const code = await runVisible(command, [...first, ...args], { stdio: ['ignore', 2, 2] });
  if (code !== 0) throw new Error(`npm ci failed with exit code ${code}; its own message is above.`);
  console.error(`meshwright: installed in ${since(started)}`);
}

async function build(stamp) {
  console.error('meshwright: building …');
  const started = Date.now();
  const { code, text } = await runQuiet(process.execPath, [join(root, 'scripts', 'build.mjs')]);
  if (code !== 0) {
    process.stderr.write(text);
    throw new Error(`the build failed with exit code ${code}; its own message is above.`);
  }
  if (!existsSync(join(root, 'dist', 'main.js')))
    throw new Error('the build ended without an error but left no dist/main.js.');
  markBuilt(root, stamp);
  console.error(`meshwright: built in ${since(started)}`);
}

/** Installs and builds what is missing or stale; throws an Error with one sentence for the user when it cannot. */
export async function prepare() {
  checkNode();
  const why = whyInstall(root);
  if (why) await install(why);
  const stamp = sourceStamp(root);
  if (!isBuilt(root, stamp)) await build(stamp);
}

if (isMain(import.meta.url)) {
  try {
    await prepare();
  } catch (error) {
    console.error(`meshwright: ${error.message}`);
    process.exit(1);
  }
}
