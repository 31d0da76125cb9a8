// A mesh of transparent sidecars in network namespaces on a bridge, with real Envoys and real rules. Runs as root inside
// `unshare -nm`; ENVOY_BIN and TOOL (nft or iptables) come by the environment. Prints one JSON object: what callers saw.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../../../scripts/lib/run.mjs';

const main = join(root, 'dist/main.js');
const PROXY_UID = 5678;
const HOST = '10.77.0.1';
const SIDECAR_PORT = 21_000;
const folder = mkdtempSync(join(tmpdir(), 'transparent-'));
const children = [];
const logs = new Map();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ip = (...args) => execFileSync('ip', args, { stdio: 'pipe' });

/** Where everybody is. `outside` has no sidecar. */
const namespaces = {
  web: '10.77.0.2',
  'api-1': '10.77.0.3',
  'api-2': '10.77.0.4',
  db: '10.77.0.5',
  outside: '10.77.0.9',
};
const APP_PORT = 8080;
/** Instances say that it stands for all of their service, as a cluster IP does. */
const API_VIRTUAL_6 = 'fd99::44';
/** The same hosts in IPv6: fd77::2 and so on. */
const inIpv6 = (name) => `fd77::${namespaces[name].split('.').at(-1)}`;

function makeNetwork() {
  execFileSync('mount', ['-t', 'tmpfs', 'none', '/run']);
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'mesh', 'type', 'bridge');
  ip('addr', 'add', `${HOST}/24`, 'dev', 'mesh');
  ip('link', 'set', 'mesh', 'up');
  for (const [position, [name, address]] of Object.entries(namespaces).entries()) {
    ip('netns', 'add', name);
    ip('link', 'add', `v${position}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', `v${position}`, 'master', 'mesh', 'up');
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', name, 'addr', 'add', `${inIpv6(name)}/64`, 'dev', 'eth0', 'nodad');
    for (const device of ['lo', 'eth0']) ip('-n', name, 'link', 'set', device, 'up');
    // Virtual addresses of IPv6 are led away before anybody asks who has them, but need a route.
    ip('-n', name, '-6', 'route', 'add', 'default', 'dev', 'eth0');
    ip('-n', name, 'route', 'add', 'default', 'via', HOST);
  }
}

/** Only the tool that is to be tried. */
function pathWithTool() {
  const programs =
    process.env.TOOL === 'nft'
      ? ['nft']
      : ['iptables', 'ip6tables'].flatMap((one) => [`${one}-save`, `${one}-restore`]);
  const tools = join(folder, 'tools');
  mkdirSync(tools);
  for (const program of [...programs, 'nsenter']) {
    const found = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(found, join(tools, program));
  }
  return tools;
}

function start(name, command, args, channels = []) {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe', ...channels] });
  logs.set(name, '');
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part) => logs.set(name, (logs.get(name) + part).slice(-3000)));
  children.push(child);
  return child;
}

/** Applications by their name: each serves in its namespace, and calls from there. */
const apps = new Map();
function startApp(name, kind) {
  const script = fileURLToPath(new URL('transparent-app.mjs', import.meta.url));
  const child = start(name, 'ip', ['netns', 'exec', name, process.execPath, script, name, kind], ['ipc']);
  const gone = once(child, 'exit').then(() => {
    throw new Error(`the application ${name} has ended`);
  });
  gone.catch(() => {});
  apps.set(name, { child, gone });
}

const meshwright = (args, env = {}) =>
  execFileSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, CONSUL_HTTP_ADDR: `${HOST}:8500`, ...env },
  });

/** Repeats until `look` answers something; throws when that takes too long. */
async function until(what, look, limitMs = 30_000) {
  const started = Date.now();
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() - started > limitMs) throw new Error(`${what} took longer than ${limitMs} ms`);
    await sleep(100);
  }
}

const answered = (seen) => seen.status === 200 && seen;
const knownThere = (seen) => seen.caller && seen;
const refused = (seen) => seen.error && seen;

async function put(path, body) {
  const answer = await fetch(`http://${HOST}:8500${path}`, { method: 'PUT', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}
const configure = (entry) => put('/v1/config', entry);
const get = async (path) => (await fetch(`http://${HOST}:8500${path}`)).json();
const intend = (Name, Action, Source = 'web') =>
  configure({ Kind: 'service-intentions', Name, Sources: [{ Name: Source, Action }] });

/** What an application sees that makes a call. */
async function call(from, what) {
  const { child, gone } = apps.get(from);
  child.send(what);
  const [seen] = await Promise.race([once(child, 'message'), gone]);
  return seen;
}

/** What an application sees that calls a URL: who answered and as whom it was known there, a status, or an error. */
async function callHttp(from, url) {
  const { status, text, error } = await call(from, { url });
  if (error !== undefined) return { error };
  return status === 200 ? { status, ...JSON.parse(text) } : { status };
}
const callTcp = (from, host, port) => call(from, { host, port });

async function register(id, name, protocol) {
  if (protocol === 'http') await configure({ Kind: 'service-defaults', Name: name, Protocol: 'http' });
  const Address = namespaces[id];
  const SidecarService = { Port: SIDECAR_PORT, Checks: [{ AliasService: id }], Proxy: { Mode: 'transparent' } };
  const TaggedAddresses = {
    ...(id === 'web' ? { lan_ipv6: { Address: inIpv6(id), Port: SIDECAR_PORT } } : {}),
    ...(name === 'api' ? { virtual: { Address: API_VIRTUAL_6, Port: 80 } } : {}),
  };
  await put('/v1/agent/service/register', {
    ...{ ID: id, Name: name, Address, Port: APP_PORT },
    Connect: { SidecarService: { ...SidecarService, TaggedAddresses } },
  });
}

function startSidecar(id, envoy, tools) {
  const bootstrap = join(folder, `${id}.json`);
  const grpc = ['-grpc-addr', `${HOST}:8502`];
  writeFileSync(bootstrap, meshwright(['connect', 'envoy', '-sidecar-for', id, '-bootstrap', ...grpc]));
  chmodSync(bootstrap, 0o644);
  const asProxy = ['setpriv', `--reuid=${PROXY_UID}`, `--regid=${PROXY_UID}`, '--clear-groups'];
  const run = [
    envoy,
    '-c',
    bootstrap,
    '--drain-time-s',
    '1',
    '--drain-strategy',
    'immediate',
    '--concurrency',
    '1',
    '--disable-hot-restart',
  ];
  start(`the Envoy of ${id}`, 'ip', ['netns', 'exec', id, ...asProxy, ...run]);
  const redirect = ['connect', 'redirect-traffic', '-proxy-id', `${id}-sidecar-proxy`, '-proxy-uid', String(PROXY_UID)];
  return meshwright([...redirect, '-netns', id], { PATH: tools });
}

/** The first virtual IP of a service. */
const virtualIp = async (name) => (await get(`/v1/discovery-chain/${name}`)).Chain.AutoVirtualIPs[0];

/** Counters of the caller's Envoy whose name matches. */
async function stats(id, pattern) {
  const { text } = await call(id, { url: `http://127.0.0.1:19000/stats?filter=${encodeURIComponent(pattern)}` });
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.split(': '));
  return Object.fromEntries(lines.map(([name, value]) => [name, Number(value)]));
}

async function settle() {
  let last;
  try {
    await until('acceptance by all proxies', async () => {
      last = await get('/v1/mesh/proxies');
      return last.length === 4 && last.every(({ Connected, Pending }) => Connected && !Pending);
    });
  } catch (thrown) {
    throw new Error(`${thrown.message}: ${JSON.stringify(last)}`, { cause: thrown });
  }
}

async function play() {
  makeNetwork();
  chmodSync(folder, 0o755);
  const tools = pathWithTool();
  const envoy = join(folder, 'envoy');
  copyFileSync(process.env.ENVOY_BIN, envoy);
  chmodSync(envoy, 0o755);
  const config = join(folder, 'agent.json');
  writeFileSync(config, JSON.stringify({ default_intention_policy: 'deny' }));
  const doors = ['-client', '0.0.0.0', '-allow-plaintext-secrets', '-grpc-tls-port', '-1', '-dns-port', '-1'];
  start('the control plane', process.execPath, [
    main,
    'agent',
    '-dev',
    '-node',
    'node1',
    ...doors,
    '-config-file',
    config,
  ]);
  await until(
    'the control plane',
    async () => (await fetch(`http://${HOST}:8500/v1/status/leader`).catch(() => undefined))?.ok,
  );
  for (const name of Object.keys(namespaces)) startApp(name, name === 'db' ? 'tcp' : 'http');
  const before = await until('the application of api-1', async () =>
    answered(await callHttp('outside', `http://${namespaces['api-1']}:${APP_PORT}/`)),
  );
  await register('web', 'web', 'tcp');
  await register('api-1', 'api', 'http');
  await register('api-2', 'api', 'http');
  await register('db', 'db', 'tcp');
  await intend('api', 'allow');
  await intend('db', 'allow');
  const said = ['web', 'api-1', 'api-2', 'db'].map((id) => startSidecar(id, envoy, tools));
  await settle();
  return { before, said: [...new Set(said)], ...(await scenes()) };
}

async function scenes() {
  const [api, db] = [await virtualIp('api'), await virtualIp('db')];
  const apiUrl = `http://${api}/`;
  const instance = `http://${namespaces['api-2']}:${APP_PORT}/`;
  const outsideUrl = `http://${namespaces.outside}:${APP_PORT}/`;
  const seen = {};

  // Sidecars of both instances answer, each in its turn; any port of the virtual IP will do.
  seen.mesh = await until('an answer from api', async () => answered(await callHttp('web', apiUrl)));
  seen.mesh6 = await callHttp('web', `http://[${API_VIRTUAL_6}]/`);
  seen.anyPort = await callHttp('web', `http://${api}:4711/`);
  seen.database = await callTcp('web', db, 5432);
  seen.fromOutside = await callHttp('outside', instance);
  seen.fromOutsideToProxy = await callHttp('outside', `http://${namespaces['api-2']}:${SIDECAR_PORT}/`);
  seen.passedThrough = await callHttp('web', outsideUrl);
  const outsideUrl6 = `http://[${inIpv6('outside')}]:${APP_PORT}/`;
  seen.passedThrough6 = await callHttp('web', outsideUrl6);
  // Its sidecar does not stand there.
  seen.refused6 = await callHttp('api-1', outsideUrl6);
  seen.instanceNotDirect = await callHttp('web', instance);

  // Only the mesh.
  await configure({ Kind: 'mesh', TransparentProxy: { MeshDestinationsOnly: true } });
  await settle();
  seen.meshOnly = {
    outside: await callHttp('web', outsideUrl),
    outside6: await callHttp('web', outsideUrl6),
    api: await callHttp('web', apiUrl),
  };

  // Instances dialled directly, with mutual TLS, beside the virtual IP.
  await configure({
    Kind: 'service-defaults',
    Name: 'api',
    Protocol: 'http',
    TransparentProxy: { DialedDirectly: true },
  });
  await settle();
  seen.direct = {
    instance: await until('the instance', async () => answered(await callHttp('web', instance))),
    api: await callHttp('web', apiUrl),
    tls: await stats('web', 'passthrough.*ssl\\.handshake'),
  };

  // Callers without a certificate at the application's port; the mesh still comes with one.
  await configure({ Kind: 'mesh', AllowEnablingPermissiveMutualTLS: true });
  const permissive = { Kind: 'service-defaults', Name: 'api', Protocol: 'http', MutualTLSMode: 'permissive' };
  await configure(permissive);
  await settle();
  seen.permissive = {
    plain: await until('an answer without a certificate', async () => answered(await callHttp('outside', instance))),
    plainToProxy: await callHttp('outside', `http://${namespaces['api-2']}:${SIDECAR_PORT}/`),
    mesh: await callHttp('web', apiUrl),
  };
  await configure({ ...permissive, TransparentProxy: { DialedDirectly: true } });
  await settle();
  const known = await until('the instance, again', async () => knownThere(await callHttp('web', instance)));
  seen.permissiveAndDirect = { plain: await callHttp('outside', instance), mesh: known };
  await configure({ Kind: 'service-defaults', Name: 'api', Protocol: 'http' });
  await settle();
  seen.strictAgain = await until('the end of that', async () => refused(await callHttp('outside', instance)));

  // Addresses outside the mesh at a port at which the mesh is called, too; the database still speaks first.
  const outside = { Kind: 'service-defaults', Name: 'maps', Protocol: 'http' };
  await configure({ ...outside, Destination: { Addresses: ['maps.example'], Port: 80 } });
  await intend('maps', 'allow');
  await settle();
  seen.besideDestinations = { api: await callHttp('web', apiUrl), database: await callTcp('web', db, 5432) };

  // A virtual IP by hand, and access taken away.
  await put('/v1/internal/service-virtual-ip', { Service: 'api', ManualVIPs: ['192.0.2.44'] });
  await settle();
  const byHand = async () => answered(await callHttp('web', 'http://192.0.2.44/'));
  seen.byHand = await until('the virtual IP given by hand', byHand);
  await intend('api', 'deny');
  await settle();
  // At port 80 the routes of destinations would answer: 404.
  const elsewhere = `http://${api}:4711/`;
  seen.denied = await until('the refusal', async () => refused(await callHttp('web', elsewhere)));
  return seen;
}

try {
  console.log(JSON.stringify(await play()));
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.stack : thrown, '\n', thrown?.stderr ?? '');
  for (const [name, text] of logs) console.error(`--- ${name}\n${text}`);
  process.exitCode = 1;
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}
