import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveClusterSecrets, formatJoinToken, joinTokenOf } from '../../src/cluster/credentials/index.js';
import { freePort, httpCall, until } from '../support/envoy-rig/index.js';
import { Rig } from '../support/envoy-rig/rig.js';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';
import { FakeEnvoy } from '../support/fake-envoy/index.js';
import { anyEtcd, type RunningEtcd, startEtcd } from '../support/etcd/index.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const AGENT = fileURLToPath(new URL('../cluster/support/agent-process.ts', import.meta.url));
const KEY = Buffer.alloc(32, 7).toString('base64');
const TOKEN = formatJoinToken(joinTokenOf(deriveClusterSecrets(KEY)));
const WITHIN_MS = 10_000;
/** What a busy machine may take on top. */
const BUSY_MS = 4000;

interface Server {
  readonly name: string;
  readonly http: number;
  readonly door: number;
  readonly args: readonly string[];
  process: RigProcess;
}

interface Member {
  readonly Name: string;
  readonly Status: number;
  readonly Tags: Readonly<Record<string, string>>;
}

const STATUSES = ['none', 'alive', 'leaving', 'left', 'failed'];

describe('a cluster of two servers and an agent', () => {
  const rig = new Rig();
  const servers: Server[] = [];
  let etcd: RunningEtcd;
  let agent: RigProcess;

  const server = (name: string): Server => servers.find((one) => one.name === name) as Server;
  const get = async <Type>({ http }: Server, path: string): Promise<Type> =>
    JSON.parse((await httpCall({ port: http, path })).text) as Type;
  const statuses = async (of: Server): Promise<Record<string, string>> => {
    const members = await get<Member[]>(of, '/v1/agent/members');
    return Object.fromEntries(members.map(({ Name, Status }) => [Name, STATUSES[Status] ?? '']));
  };
  const health = async (of: Server, node: string): Promise<string> => {
    const checks = await get<{ CheckID: string; Status: string }[]>(of, `/v1/health/node/${node}`);
    return checks.find(({ CheckID }) => CheckID === 'serfHealth')?.Status ?? 'none';
  };
  const startAgent = (): void => {
    const id = '11111111-2222-3333-4444-555555555555';
    const address = `127.0.0.1:${server('one').door}`;
    agent = rig.start('agent', process.execPath, ['--import', 'tsx', AGENT, 'web', id, address, KEY]);
  };

  beforeAll(async () => {
    const binary = anyEtcd();
    if (!binary) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
    if (!existsSync(MAIN)) throw new Error('there is no dist/main.js: run `npm run build` first');
    etcd = await startEtcd({ binary, flags: ['--unsafe-no-fsync'] });
    const file = join(rig.folder, 'state.hcl');
    const endpoints = JSON.stringify(etcd.endpoints);
    writeFileSync(file, `encrypt = "${KEY}" state { backend = "etcd" etcd { endpoints = ${endpoints} } }`);
    let joinAddress = '';
    for (const name of ['one', 'two']) {
      const [http, door] = [await freePort(), await freePort()];
      const ports = [
        '-http-port',
        http,
        '-grpc-tls-port',
        -1,
        '-dns-port',
        -1,
        '-serf-lan-port',
        door,
        '-server-port',
        -1,
      ];
      const folders = ['-data-dir', join(rig.folder, name), '-config-file', file];
      const joins = joinAddress === '' ? [] : ['-retry-join', joinAddress, '-retry-interval', '1s'];
      const drains = ['-hcl', 'performance { leave_drain_time = "1s" }'];
      const args = [
        MAIN,
        'agent',
        '-server',
        '-node',
        name,
        '-allow-old-etcd',
        ...ports.map(String),
        ...folders,
        ...joins,
        ...drains,
      ];
      joinAddress ||= `127.0.0.1:${door}`;
      servers.push({ name, http, door, args, process: rig.start(name, process.execPath, args) });
    }
    startAgent();
  });
  afterAll(async () => {
    await rig.close();
    await etcd?.stop();
  });

  it('is complete when its parts have found each other', async () => {
    for (const one of ['one', 'two'])
      await until(`members at ${one}`, async () => {
        server(one).process.assertRunning();
        agent.assertRunning();
        const seen = await statuses(server(one)).catch(() => ({}));
        return isDeepStrictEqual(seen, { one: 'alive', two: 'alive', web: 'alive' });
      });
    await until('web passing', async () => (await health(server('two'), 'web')) === 'passing');
    const peers = await get<string[]>(server('one'), '/v1/status/peers');
    expect(peers).toHaveLength(2);
    expect(peers).toContain(await get<string>(server('two'), '/v1/status/leader'));
    const { stdout } = spawnSync(process.execPath, [MAIN, 'members', `-http-addr=127.0.0.1:${server('two').http}`], {
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^web +10\.0\.0\.2:8301 +alive +client/m);
  });

  it.each(['SIGSTOP', 'SIGKILL'] as const)(
    'sees within ten seconds that an agent is gone (%s), and that it is back',
    async (signal) => {
      const startedMs = Date.now();
      agent.signal(signal);
      await until('web critical', async () => (await health(server('one'), 'web')) === 'critical');
      expect(Date.now() - startedMs).toBeLessThan(WITHIN_MS + BUSY_MS);
      expect(await statuses(server('two'))).toMatchObject({ web: 'failed' });
      if (signal === 'SIGSTOP') agent.signal('SIGCONT');
      else startAgent();
      await until('web passing', async () => (await health(server('one'), 'web')) === 'passing');
    },
    30_000,
  );

  it('keeps an agent alive whose server dies, and sees within ten seconds that the server has', async () => {
    const joined = await until('a server that holds the heartbeat', () => {
      const all = [...agent.log.matchAll(/^joined (\w+)$/gm)];
      return all.at(-1)?.[1];
    });
    const holder = server(joined);
    const other = server(holder.name === 'one' ? 'two' : 'one');
    const seen = new Set<string>();
    const startedMs = Date.now();
    await holder.process.kill();
    await until('the server critical', async () => {
      seen.add(await health(other, 'web'));
      return (await health(other, holder.name)) === 'critical';
    });
    expect(Date.now() - startedMs).toBeLessThan(WITHIN_MS + BUSY_MS);
    await until('the agent at the other', () => agent.log.trimEnd().includes(`joined ${other.name}`));
    expect([...seen]).toEqual(['passing']);
    expect(await statuses(other)).toMatchObject({ [holder.name]: 'failed', web: 'alive' });
    holder.process = rig.start(holder.name, process.execPath, holder.args);
    await until('the server passing', async () => (await health(other, holder.name)) === 'passing');
  }, 60_000);

  it('lets an agent leave', async () => {
    agent.signal('SIGTERM');
    await until('web left', async () => (await statuses(server('one')).catch(() => ({ web: '' })))['web'] === 'left');
    expect(await health(server('one'), 'web')).toBe('none');
  }, 30_000);

  it('lets a server leave: streams of proxies behind an agent go over to another, and none that has nothing yet is refused', async () => {
    const [http, grpc] = [await freePort(), await freePort()];
    const ports = ['-http-port', http, '-grpc-port', grpc, '-dns-port', -1, '-server-port', -1].map(String);
    const joins = ['-join-token', TOKEN, '-retry-join', `127.0.0.1:${server('one').door}`, '-retry-interval', '1s'];
    const folder = ['-data-dir', join(rig.folder, 'host'), '-bind', '127.0.0.1'];
    const host = rig.start('host', process.execPath, [MAIN, 'agent', '-node', 'host', ...ports, ...joins, ...folder]);
    const put = async (port: number, path: string, body: object): Promise<void> => {
      const { status, text } = await httpCall({ port, method: 'PUT', path, body: JSON.stringify(body) });
      if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
    };
    const Upstreams = [{ DestinationName: 'db', LocalBindPort: 9191 }];
    for (const Name of ['old', 'new']) {
      const service = { Name, Port: 80, Connect: { SidecarService: { Proxy: { Upstreams } } } };
      await until('the agent taking a service', async () => {
        await put(http, '/v1/agent/service/register', service);
        return true;
      });
    }
    const proxy = (name: string) =>
      new FakeEnvoy({ port: grpc, node: { id: `${name}-sidecar-proxy`, cluster: name, version: [1, 40, 0] } });
    const [old, late] = [proxy('old'), proxy('new')];
    try {
      old.connect();
      await old.until(() => old.complete, 'its configuration', 20_000);
      const holder = await until('a server that holds the heartbeat', () => {
        const all = [...host.log.matchAll(/joined the cluster: server=(\w+)/g)];
        return all.at(-1)?.[1];
      });
      const [leaver, other] = holder === 'one' ? [server('one'), server('two')] : [server('two'), server('one')];
      const leaving = httpCall({ port: leaver.http, method: 'PUT', path: '/v1/agent/leave' });
      late.connect();
      await late.until(() => late.complete, 'the configuration of one that came during the drain', 20_000);
      await leaving;
      await until('the process ends', () => !leaver.process.isRunning);
      const sent = [old, late].map(({ log }) => log.length);
      await put(other.http, '/v1/config', { Kind: 'service-resolver', Name: 'db', ConnectTimeout: '7s' });
      for (const [at, envoy] of [old, late].entries()) {
        const hasNews = (): boolean => envoy.received(sent[at]).some(({ type }) => type === 'cluster');
        await envoy.until(hasNews, 'a change by the other server', 20_000);
        expect(envoy.ended).toBeUndefined();
      }
      expect(await statuses(other)).toMatchObject({ [leaver.name]: 'left', host: 'alive' });
      expect(await health(other, leaver.name)).toBe('none');
      expect(await get<string>(other, '/v1/status/peers')).toHaveLength(1);
    } finally {
      for (const envoy of [old, late]) envoy.disconnect();
    }
  }, 60_000);
});

describe('a server', () => {
  it('ends when nobody answers its join addresses within retry_max', async () => {
    const rig = new Rig();
    try {
      const ports = ['http', 'dns', 'server', 'serf-lan', 'grpc-tls'].flatMap((name) => [`-${name}-port`, '-1']);
      const joins = ['-retry-join', '127.0.0.1:1', '-retry-interval', '200ms', '-retry-max', '2'];
      const args = [
        MAIN,
        'agent',
        '-server',
        '-data-dir',
        join(rig.folder, 'alone'),
        '-encrypt',
        KEY,
        ...ports,
        ...joins,
      ];
      const port = ['-server-port', String(await freePort())];
      const { status, stderr } = spawnSync(process.execPath, [...args, ...port], { encoding: 'utf8', timeout: 30_000 });
      expect([status, stderr]).toEqual([
        1,
        expect.stringMatching(/no server was joined in 2 attempts: no server was reached: 127.0.0.1:1: /),
      ]);
    } finally {
      await rig.close();
    }
  });
});
