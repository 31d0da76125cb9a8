// Plays docker-compose.yml without Docker: each container is a network namespace on a bridge, its process runs as written.
// Runs inside `unshare -Urnm`; MESHWRIGHT names our executable. Prints one JSON object: what web answered, and when.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from '../../scripts/lib/run.mjs';

const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ip = (...args) => execFileSync('ip', args, { stdio: 'pipe' });
const state = mkdtempSync(join(tmpdir(), 'compose-'));
const children = [];
const logs = new Map();

function makeNetwork() {
  const { subnet } = compose.networks.mesh.ipam.config[0];
  execFileSync('mount', ['-t', 'tmpfs', 'none', '/run']);
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'mesh', 'type', 'bridge');
  ip('addr', 'add', subnet.replace(/\.0\//, '.1/'), 'dev', 'mesh');
  ip('link', 'set', 'mesh', 'up');
  for (const [i, [name, { networks }]] of Object.entries(compose.services).entries()) {
    if (!networks) continue;
    ip('netns', 'add', name);
    ip('link', 'add', `v${i}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', `v${i}`, 'master', 'mesh', 'up');
    ip('-n', name, 'addr', 'add', `${networks.mesh.ipv4_address}/24`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) ip('-n', name, 'link', 'set', device, 'up');
  }
}

const namespaceOf = (name) => compose.services[name].network_mode?.replace('service:', '') ?? name;

/** A word of a container's command line, for this machine: our executable, our Node, and the folders that are mounted. */
function here(word, { volumes = [] }) {
  if (word === 'meshwright') return process.env.MESHWRIGHT;
  if (word === 'node') return process.execPath;
  for (const [source, target] of volumes.map((text) => text.split(':'))) {
    if (word === target || word.startsWith(`${target}/`)) {
      return (source.startsWith('.') ? join(root, source) : state) + word.slice(target.length);
    }
  }
  return word;
}

function commandOf(name, words) {
  return ['netns', 'exec', namespaceOf(name), ...words.map((word) => here(word, compose.services[name]))];
}

function environmentOf(name) {
  const { PATH, HOME, ENVOY_BIN } = process.env;
  return { PATH, HOME, ENVOY_BIN, TMPDIR: tmpdir(), ...compose.services[name].environment };
}

function start(name) {
  const { entrypoint = ['meshwright'], command } = compose.services[name];
  const words = [...entrypoint, ...(Array.isArray(command) ? command : command.split(' '))];
  const child = spawn('ip', commandOf(name, words), {
    cwd: state,
    env: environmentOf(name),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  logs.set(name, '');
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part) => logs.set(name, (logs.get(name) + part).slice(-2000)));
  }
  children.push(child);
}

const run = (name, words) =>
  new Promise((resolve) => {
    const child = spawn('ip', commandOf(name, words), { cwd: state, env: environmentOf(name), stdio: 'pipe' });
    child.on('close', resolve);
    child.on('error', () => resolve(-1));
  });

/** Repeats until `look` answers something; throws when that takes too long. */
async function until(what, limitMs, look) {
  const started = Date.now();
  for (;;) {
    const found = await look();
    if (found !== undefined) return { found, ms: Date.now() - started };
    if (Date.now() - started > limitMs) throw new Error(`${what} took longer than ${limitMs} ms`);
    await sleep(50);
  }
}

const webAddress = compose.services.web.networks.mesh.ipv4_address;
async function callWeb() {
  try {
    const answer = await fetch(`http://${webAddress}:9090/`, { signal: AbortSignal.timeout(2000) });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return { status: 0, text: '' };
  }
}

async function play() {
  makeNetwork();
  start('control-plane');
  const { test } = compose.services['control-plane'].healthcheck;
  await until('the control plane', 30_000, async () =>
    (await run('control-plane', test.slice(1))) === 0 ? true : undefined,
  );
  for (const name of Object.keys(compose.services)) if (name !== 'control-plane') start(name);
  const answered = await until('an answer through the mesh', 60_000, async () => {
    const answer = await callWeb();
    return answer.status === 200 ? answer : undefined;
  });
  if ((await run('control-plane', ['meshwright', 'intention', 'create', '-deny', 'web', 'api'])) !== 0)
    throw new Error('the intention was refused');
  const denied = await until('the refusal', 10_000, async () => {
    const answer = await callWeb();
    return answer.status === 403 ? answer : undefined;
  });
  return { answered: answered.found, denied: denied.found, deniedAfterMs: denied.ms };
}

let result;
try {
  result = await play();
} catch (error) {
  result = { error: error.message, logs: Object.fromEntries(logs) };
}
for (const child of children) child.kill('SIGTERM');
await Promise.race([
  Promise.all(children.map((child) => new Promise((resolve) => child.on('close', resolve)))),
  sleep(5000),
]);
for (const child of children) child.kill('SIGKILL');
rmSync(state, { recursive: true, force: true });
console.log(JSON.stringify(result));
process.exit(0);
