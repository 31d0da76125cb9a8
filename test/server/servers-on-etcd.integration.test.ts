import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { snapshotBytes } from '../../src/snapshot/index.js';
import { freePort, httpCall, pause, until } from '../support/envoy-rig/index.js';
import { Rig } from '../support/envoy-rig/rig.js';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';
import { anyEtcd, type EtcdBinary, type RunningEtcd, startEtcd } from '../support/etcd/index.js';
import { FakeEnvoy } from '../support/fake-envoy/index.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

interface Answer {
  readonly status: number;
  readonly index: number;
  readonly text: string;
}

/** One `meshwright agent -server` over the etcd of the test, as a process. */
class TestServer {
  readonly #rig: Rig;
  readonly #name: string;
  readonly #args: readonly string[];
  readonly http: number;
  readonly grpc: number;
  #process: RigProcess | undefined;

  private constructor(rig: Rig, name: string, http: number, grpc: number, args: readonly string[]) {
    this.#rig = rig;
    this.#name = name;
    this.http = http;
    this.grpc = grpc;
    this.#args = args;
  }

  static async start(rig: Rig, name: string, etcd: Readonly<Record<string, unknown>>, more = ''): Promise<TestServer> {
    const [http, grpc] = [await freePort(), await freePort()];
    const file = join(rig.folder, `${name}.hcl`);
    const lines = Object.entries(etcd).map(([option, value]) => `    ${option} = ${JSON.stringify(value)}`);
    writeFileSync(file, `state {\n  backend = "etcd"\n  etcd {\n${lines.join('\n')}\n  }\n}\n${more}\n`);
    const ports = ['-http-port', http, '-grpc-port', grpc, '-grpc-tls-port', -1, '-dns-port', -1].map(String);
    const folders = ['-data-dir', join(rig.folder, name), '-config-file', file];
    const args = [MAIN, 'agent', '-server', '-node', name, '-allow-old-etcd', ...ports, ...folders];
    const server = new TestServer(rig, name, http, grpc, args);
    await server.start();
    return server;
  }

  get process(): RigProcess {
    return this.#process as RigProcess;
  }

  async start(): Promise<void> {
    const started = this.#rig.start(this.#name, process.execPath, this.#args);
    this.#process = started;
    await until(`${this.#name} serving`, async () => {
      started.assertRunning();
      const { text } = await this.call('GET', `/v1/health/node/${this.#name}`);
      return text.includes('serfHealth') && started.log.includes('xDS is open');
    });
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const answer = await httpCall({ port: this.http, method, path, ...sent });
    return { status: answer.status, index: Number(answer.headers['x-consul-index'] ?? 0), text: answer.text };
  }

  async put(path: string, body?: unknown): Promise<void> {
    const { status, text } = await this.call('PUT', path, body);
    if (status !== 200) throw new Error(`PUT ${path}: ${status} ${text}`);
  }
}

const isBackup = (name: string): boolean => name.endsWith('.snap');

const found: EtcdBinary | undefined = anyEtcd();

describe('two servers on one etcd', () => {
  const rig = new Rig();
  let etcd: RunningEtcd;
  let [one, two]: TestServer[] = [];
  const servers = (): [TestServer, TestServer] => [one as TestServer, two as TestServer];
  const backups = join(rig.folder, 'backups');

  beforeAll(async () => {
    if (!found) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
    if (!existsSync(MAIN)) throw new Error('there is no dist/main.js: run `npm run build` first');
    etcd = await startEtcd({ binary: found, flags: ['--unsafe-no-fsync'] });
    const options = { endpoints: etcd.endpoints, prefix: 'mesh/dc1' };
    const backup = `backup { interval = "10s" retain = 0 local_storage { path = "${backups}" } }`;
    one = await TestServer.start(rig, 'one', options, backup);
    two = await TestServer.start(rig, 'two', options, backup);
  });
  afterAll(async () => {
    await rig.close();
    await etcd?.stop();
  });

  it('wake each other’s blocking queries', async () => {
    const [left, right] = servers();
    await left.put('/v1/kv/greeting', 'one');
    const { index } = await right.call('GET', '/v1/kv/greeting');
    const parked = right.call('GET', `/v1/kv/greeting?raw&index=${index}&wait=20s`);
    await pause(100);
    await left.put('/v1/kv/greeting', 'two');
    const answer = await parked;
    expect(answer.text).toBe('two');
    expect(answer.index).toBeGreaterThan(index);
  });

  it('show a write on every server once it is answered, with the same index', async () => {
    const [left, right] = servers();
    for (let round = 0; round < 30; round += 1) {
      const [writer, reader] = round % 2 === 0 ? [left, right] : [right, left];
      await writer.put('/v1/kv/turn', `${round}`);
      const there = await reader.call('GET', '/v1/kv/turn?raw');
      expect(there.text).toBe(`${round}`);
      expect((await writer.call('GET', '/v1/kv/turn?raw')).index).toBe(there.index);
    }
  });

  it('let exactly one of many writers win a check-and-set', async () => {
    const [left, right] = servers();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => (at % 2 ? left : right).call('PUT', '/v1/kv/once?cas=0', `${at}`)),
    );
    expect(answers.map(({ text }) => text.trim()).filter((text) => text === 'true')).toHaveLength(1);
  });

  it('push the same bytes to the proxies of both, whoever was written to', async () => {
    const [left, right] = servers();
    const sidecar = { Port: 21_000, Proxy: { Upstreams: [{ DestinationName: 'api', LocalBindPort: 9191 }] } };
    const web = { Name: 'web', Port: 80, Connect: { SidecarService: sidecar } };
    const api = { Name: 'api', Port: 81, Connect: { SidecarService: { Port: 21_001 } } };
    await left.put('/v1/agent/service/register', web);
    await right.put('/v1/agent/service/register', api);
    const envoys = servers().map(({ grpc }) => {
      const node = { id: 'web-sidecar-proxy', cluster: 'web', nodeName: 'one', version: [1, 40, 0] as const };
      const envoy = new FakeEnvoy({ port: grpc, node });
      onTestFinished(() => envoy.disconnect());
      envoy.connect();
      return envoy;
    });
    for (const envoy of envoys) await envoy.until(() => envoy.complete, 'the first configuration', 20_000);
    const clusters = (): string[] => envoys.map((envoy) => JSON.stringify(envoy.versions('cluster')));
    expect(clusters()[0]).toBe(clusters()[1]);
    const before = clusters()[0];
    const resolver = { Kind: 'service-resolver', Name: 'api', ConnectTimeout: '3s' };
    await right.put('/v1/config', resolver);
    for (const [at, envoy] of envoys.entries())
      await envoy.until(() => clusters()[at] !== before, 'the changed cluster', 10_000);
    expect(clusters()[0]).toBe(clusters()[1]);
  });

  it('delete a tree of many keys at once: nobody sees a part of it', async () => {
    const [left, right] = servers();
    for (let block = 0; block < 15; block += 1)
      await Promise.all(Array.from({ length: 64 }, (_, at) => left.put(`/v1/kv/tree/${block}/${at}`, 'x')));
    const count = async (): Promise<number> => {
      const { status, text } = await right.call('GET', '/v1/kv/tree?keys');
      return status === 404 ? 0 : (JSON.parse(text) as string[]).length;
    };
    expect(await count()).toBe(15 * 64);
    let isGone = false;
    const looks = (async () => {
      const counts = new Set<number>();
      while (!isGone) counts.add(await count());
      return counts;
    })();
    const answer = await left.call('DELETE', '/v1/kv/tree?recurse');
    expect(answer.text.trim()).toBe('true');
    isGone = true;
    expect([...(await looks)].filter((seen) => seen !== 0 && seen !== 15 * 64)).toEqual([]);
    expect(await count()).toBe(0);
    await left.put('/v1/kv/tree/again', 'x');
    expect(await count()).toBe(1);
  });

  it('tell each other of user events, once each, as they are meant', async () => {
    const [left, right] = servers();
    await left.put('/v1/event/fire/deploy', 'v1');
    await right.put('/v1/event/fire/deploy?node=^one$', 'for one');
    const list = async (server: TestServer): Promise<string[]> => {
      const { text } = await server.call('GET', '/v1/event/list?name=deploy');
      return (JSON.parse(text) as { Payload: string }[]).map(({ Payload }) =>
        Buffer.from(Payload, 'base64').toString(),
      );
    };
    await until('both events at one', async () => (await list(left)).length === 2);
    await until('one event at two', async () => (await list(right)).length === 1);
    expect(await list(left)).toEqual(['v1', 'for one']);
    expect(await list(right)).toEqual(['v1']);
  });

  it('lose nothing when one is killed, its backups are taken by the other, and it comes back with everything', async () => {
    type Backups = { Server: string; Newest: { Name: string } | null };
    const seen = async (server: TestServer): Promise<Backups> =>
      JSON.parse((await server.call('GET', '/v1/mesh/backups')).text) as Backups;
    const takers = (server: TestServer): number => server.process.log.split('a backup was taken').length - 1;
    await until('a backup', async () => (await seen(servers()[0])).Newest !== null);
    const { Server: taker } = await seen(servers()[0]);
    expect((await seen(servers()[1])).Server).toBe(taker);
    const [left, right] = taker === 'one' ? servers() : (servers().reverse() as [TestServer, TestServer]);
    // Only one of them takes any: all that are there.
    await until('all to be its', () => takers(left) === readdirSync(backups).filter(isBackup).length);
    expect(takers(right)).toBe(0);
    await left.put('/v1/kv/kept', 'x');
    await left.process.kill();
    await right.put('/v1/kv/meanwhile', 'y');
    await until('the other to have the duty', async () => (await seen(right)).Server !== taker);
    await left.start();
    expect((await left.call('GET', '/v1/kv/kept?raw')).text).toBe('x');
    expect((await left.call('GET', '/v1/kv/meanwhile?raw')).text).toBe('y');
    await until('a backup by the other', () => takers(right) > 0);
    const other = await seen(left);
    expect(other.Server).not.toBe(taker);
    expect(readdirSync(backups)).toContain(other.Newest?.Name);
    expect(takers(left)).toBe(0);
  });

  it('tell operators of etcd: its members, their state and figures; and do not take the only one out', async () => {
    const [left] = servers();
    type Seen = { Servers: { ID: string; Node: string; Address: string; Leader: boolean; Voter: boolean }[] };
    const peers = async (): Promise<Seen['Servers']> =>
      (JSON.parse((await left.call('GET', '/v1/operator/raft/configuration')).text) as Seen).Servers;
    await until('the member', async () => (await peers())[0]?.Leader);
    const [member] = await peers();
    expect(member).toMatchObject({ Node: 'm0', Leader: true, Voter: true });
    const { text } = await left.call('GET', '/v1/operator/autopilot/state');
    const state = JSON.parse(text) as { Healthy: boolean; Servers: Record<string, { Meta: Record<string, string> }> };
    expect(state.Healthy).toBe(true);
    expect(state.Servers[member?.ID ?? '']?.Meta).toMatchObject({ etcd_version: found?.version });
    const metrics = JSON.parse((await left.call('GET', '/v1/agent/metrics')).text) as {
      Gauges: { Name: string; Value: number }[];
    };
    const gauge = (name: string) => metrics.Gauges.find(({ Name }) => Name.endsWith(name))?.Value;
    expect([gauge('etcd.members'), gauge('etcd.has_leader'), gauge('etcd.alarms')]).toEqual([1, 1, 0]);
    expect(gauge('etcd.db_size_bytes')).toBeGreaterThan(0);
    const removal = await left.call('DELETE', `/v1/operator/raft/peer?id=${member?.ID}`);
    expect([removal.status, removal.text]).toEqual([400, expect.stringContaining('the only member of its etcd')]);
  });

  it('refuse the snapshot of another cluster where it would take what was written to either', async () => {
    const [left, right] = servers();
    await left.put('/v1/kv/mine', 'x');
    const clusterId = '11111111-1111-4111-8111-111111111111';
    const value = JSON.stringify({ v: 1, clusterId, provider: 'consul', leafTtlMs: 1, rootTtlMs: 2 });
    const about = {
      node: 'n',
      datacenter: 'dc1',
      createdAt: '2026-01-01T00:00:00Z',
      index: 1,
      counts: { 'ca-config': 1 },
    };
    const record = { table: 'ca-config', key: 'config', createIndex: 1, modifyIndex: 1, value };
    const parts: Buffer[] = [];
    for await (const part of snapshotBytes(about, [record])) parts.push(part);
    const body = gzipSync(Buffer.concat(parts));
    const { status, text } = await httpCall({ port: right.http, method: 'PUT', path: '/v1/snapshot', body });
    expect([status, text]).toEqual([
      400,
      expect.stringMatching(/^the snapshot is of cluster 1111.* would lose \d+ keys/),
    ]);
    expect((await right.call('GET', '/v1/kv/mine?raw')).text).toBe('x');
  });

  it('log no fault in all of this', () => {
    const lines = servers().flatMap((server) => server.process.log.split('\n'));
    expect(lines.filter((line) => / \[(?:ERROR|FATAL)\] /.test(line))).toEqual([]);
  });
});
