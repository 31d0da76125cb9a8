// Plays docker-compose.yml without Docker: each container is a network namespace on a bridge, its process runs as written.
// Runs inside `unshare -Urnm`; MESHWRIGHT names our executable, ETCD_BIN etcd's. Prints one JSON object: what web answered, and when.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { root } from '../../scripts/lib/run.mjs';

const key = randomBytes(32).toString('base64');
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8').replace(/\$\{MESHWRIGHT_KEY:[^}]*\}/g, key);
const compose = parse(text, { merge: true });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ip = (...args) => execFileSync('ip', args, { stdio: 'pipe' });
const state = mkdtempSync(join(tmpdir(), 'compose-'));
const children = new Map();
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
      return (source.startsWith('.') ? join(root, source) : join(state, source)) + word.slice(target.length);
    }
  }
  return word;
}

function commandOf(name, words) {
  return ['netns', 'exec', namespaceOf(name), ...words.map((word) => here(word, compose.services[name]))];
}

function environmentOf(name) {
  const { PATH, HOME, ENVOY_BIN, ETCD_BIN } = process.env;
  const path = [dirname(ETCD_BIN), PATH].join(delimiter);
  return { PATH: path, HOME, ENVOY_BIN, TMPDIR: tmpdir(), ...compose.services[name].environment };
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
  children.set(name, child);
}

const run = (name, words) =>
  new Promise((resolve) => {
    const child = spawn('ip', commandOf(name, words), { cwd: state, env: environmentOf(name), stdio: 'pipe' });
    child.on('close', resolve);
    child.on('error', () => resolve(-1));
  });

/** Repeats until `look` answers something; throws when that takes too long. */
async function until(what, limitMs, look, everyMs = 50) {
  const started = Date.now();
  for (;;) {
    const found = await look();
    if (found !== undefined) return { found, ms: Date.now() - started };
    if (Date.now() - started > limitMs) throw new Error(`${what} took longer than ${limitMs} ms`);
    await sleep(everyMs);
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

async function healthy(name) {
  const { test } = compose.services[name].healthcheck;
  // Each look is a process of its own.
  await until(name, 120_000, async () => ((await run(name, test.slice(1))) === 0 ? true : undefined), 1000);
}

/** Everything at once, but who depends on others when these are healthy. */
async function startAll() {
  for (const volume of Object.keys(compose.volumes)) mkdirSync(join(state, volume), { mode: 0o700 });
  const names = Object.keys(compose.services);
  const dependsOn = (name) => Object.keys(compose.services[name].depends_on ?? {});
  for (const name of names) if (dependsOn(name).length === 0) start(name);
  await Promise.all(
    names.map(async (name) => {
      if (dependsOn(name).length === 0) return;
      for (const other of dependsOn(name)) await healthy(other);
      start(name);
    }),
  );
}

const answering = (what, limitMs, status) =>
  until(what, limitMs, async () => {
    const answer = await callWeb();
    return answer.status === status ? answer : undefined;
  });

async function write(name, ...words) {
  if ((await run(name, ['meshwright', 'intention', 'create', ...words, 'web', 'api'])) !== 0)
    throw new Error(`the intention was refused by ${name}`);
}

async function play() {
  makeNetwork();
  await startAll();
  const answered = await answering('an answer through the mesh', 120_000, 200);
  await write('server-2', '-deny');
  const denied = await answering('the refusal', 10_000, 403);
  children.get('server-1').kill('SIGKILL');
  await write('server-3', '-allow', '-replace');
  const allowed = await answering('the answer without the first server', 20_000, 200);
  return { answered: answered.found, denied: denied.found, deniedAfterMs: denied.ms, allowed: allowed.found };
}

let result;
try {
  result = await play();
} catch (error) {
  result = { error: error.message, logs: Object.fromEntries(logs) };
}
const left = [...children.values()].filter((child) => child.exitCode === null && child.signalCode === null);
for (const child of left) child.kill('SIGTERM');
await Promise.race([
  Promise.all(left.map((child) => new Promise((resolve) => child.on('close', resolve)))),
  sleep(5000),
]);
for (const child of left) child.kill('SIGKILL');
rmSync(state, { recursive: true, force: true });
console.log(JSON.stringify(result));
process.exit(0);
