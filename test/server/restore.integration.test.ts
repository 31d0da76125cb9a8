import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../support/free-ports.mjs';
import { until } from '../support/envoy-rig/until.js';
import { FakeEnvoy } from '../support/fake-envoy/index.js';
import { BUCKET, startFakeS3 } from '../support/s3/fake-s3.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** A durable server as a process of its own, with a fake Envoy and parked queries while its state is replaced. */
describe('a server whose state is replaced by a snapshot', () => {
  let folder: string;
  let base: string;
  let grpc: number;
  let server: ReturnType<typeof spawn>;

  const start = async (attempts = 5): Promise<void> => {
    const http = await freePort();
    grpc = await freePort();
    base = `http://127.0.0.1:${http}`;
    const ports = { http, grpc, grpc_tls: -1, dns: -1, server: await freePort() };
    // The interval is so short that every start takes one.
    const backup = { interval: '10s', retain: 2, local_storage: { path: join(folder, 'own') } };
    const config = { server: true, node_name: 'n1', ports, data_dir: join(folder, 'data'), backup };
    writeFileSync(join(folder, 'agent.json'), JSON.stringify(config));
    server = spawn(process.execPath, [MAIN, 'agent', '-config-file', join(folder, 'agent.json')], { stdio: 'ignore' });
    const isUp = await until('the server answers, or ends', async () => {
      if (server.exitCode !== null) return 'ended';
      return (await fetch(`${base}/v1/connect/ca/roots`).catch(() => undefined))?.ok ? 'up' : undefined;
    });
    // A port that was free a moment ago is taken now.
    if (isUp === 'ended' && attempts > 1) await start(attempts - 1);
  };
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      if (server.exitCode !== null) resolve();
      server.once('exit', () => resolve());
      server.kill('SIGTERM');
    });

  beforeAll(async () => {
    if (!existsSync(MAIN)) throw new Error('there is no dist/main.js: run `npm run build` first');
    folder = mkdtempSync(join(tmpdir(), 'meshwright-restore-'));
    await start();
  }, 60_000);
  afterAll(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (method: string, path: string, body?: string | Buffer) => {
    const answer = await fetch(base + path, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    });
    return { status: answer.status, index: Number(answer.headers.get('x-consul-index')), text: await answer.text() };
  };
  const put = async (path: string, body: unknown) => {
    const answer = await ask('PUT', path, typeof body === 'string' ? body : JSON.stringify(body));
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  };
  const register = (node: string, service: Record<string, unknown>) =>
    put('/v1/catalog/register', { Node: node, Address: '10.0.0.1', Service: service });
  let env: Record<string, string> = {};
  const cli = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) =>
      execFile(
        process.execPath,
        [MAIN, ...args],
        { cwd: folder, env: { ...process.env, ...env, CONSUL_HTTP_ADDR: base } },
        (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
      ),
    );

  test('wakes every parked query, gives its proxies what the saved state says, and keeps all of it after a restart', async () => {
    await register('n', { ID: 'db', Service: 'db', Port: 1 });
    await register('n', {
      ID: 'db-p',
      Service: 'db-p',
      Kind: 'connect-proxy',
      Port: 2,
      Proxy: { DestinationServiceName: 'db' },
    });
    await register('n', {
      ID: 'web-p',
      Service: 'web-p',
      Kind: 'connect-proxy',
      Port: 3,
      Proxy: { DestinationServiceName: 'web', Upstreams: [{ DestinationName: 'db', LocalBindPort: 5000 }] },
    });
    await put('/v1/kv/a', '1');
    const envoy = new FakeEnvoy({ port: grpc, node: { id: 'web-p', nodeName: 'n', version: [1, 36, 2] } });
    envoy.connect();
    await until('the proxy is served', () => envoy.complete);
    const listeners = envoy.versions('listener');
    const secrets = envoy.versions('secret');
    expect((await cli('snapshot', 'save', 's.snap')).out).toMatch(/^Saved and verified snapshot to index \d+\n$/);

    await put('/v1/kv/a', '2');
    await register('n', {
      ID: 'web-p',
      Service: 'web-p',
      Kind: 'connect-proxy',
      Port: 3,
      Proxy: { DestinationServiceName: 'web', Upstreams: [{ DestinationName: 'db', LocalBindPort: 5001 }] },
    });
    await until(
      'the proxy has the change',
      () => JSON.stringify(envoy.versions('listener')) !== JSON.stringify(listeners),
    );
    const before = await ask('GET', '/v1/kv/a');
    const parked = ['/v1/kv/a', '/v1/kv/never', '/v1/catalog/services', '/v1/health/service/db'].map((path) =>
      ask('GET', `${path}?index=${before.index + 1000}&wait=60s`),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));

    expect(await cli('snapshot', 'restore', 's.snap')).toMatchObject({ code: 0, out: 'Restored snapshot\n' });
    const woken = await Promise.all(parked);
    expect(woken.map(({ status }) => status)).toEqual([200, 404, 200, 200]);
    for (const { index } of woken) expect(index).toBeGreaterThan(before.index);
    expect((await ask('GET', '/v1/kv/a?raw')).text).toBe('1');
    await until(
      'the proxy has the saved state',
      () => JSON.stringify(envoy.versions('listener')) === JSON.stringify(listeners),
    );
    // Same root, same identity: its certificate is still good, and nothing has ended.
    expect(envoy.versions('secret')).toEqual(secrets);
    expect([envoy.ended, envoy.refusals]).toEqual([undefined, 0]);
    expect((await ask('GET', '/v1/catalog/service/consul')).text).toContain('"n1"');

    envoy.disconnect();
    const { index } = await ask('GET', '/v1/kv/a');
    await stop();
    await start();
    const again = await ask('GET', '/v1/kv/a');
    expect([again.text, again.index]).toEqual([expect.stringContaining('MQ=='), index]);
  }, 60_000);

  test('refuses what is no whole snapshot, and nothing is changed', async () => {
    expect((await cli('snapshot', 'save', 'whole.snap')).code).toBe(0);
    const whole = readFileSync(join(folder, 'whole.snap'));
    await put('/v1/kv/a', '3');
    const { index } = await ask('GET', '/v1/kv/a');
    const damaged = Buffer.from(whole);
    damaged[whole.length >> 1] = (damaged[whole.length >> 1] as number) ^ 1;
    for (const body of [whole.subarray(0, whole.length - 9), damaged, Buffer.from('garbage'), Buffer.alloc(0)]) {
      const answer = await ask('PUT', '/v1/snapshot', body);
      expect(answer.status).toBe(400);
      expect(answer.text).toMatch(/^(?:failed to decompress snapshot|the snapshot is)[^\n]{5,200}$/);
    }
    expect(await ask('GET', '/v1/kv/a')).toMatchObject({ index, text: expect.stringContaining('Mw==') });
  });

  test('takes a snapshot of another cluster only when forced, while a new cluster takes that of any', async () => {
    const [http, grpc] = [await freePort(), await freePort()];
    const ports = ['-http-port', http, '-grpc-port', grpc, '-grpc-tls-port', -1, '-dns-port', -1].map(String);
    const other = spawn(process.execPath, [MAIN, 'agent', '-dev', '-node', 'n1', ...ports], { stdio: 'ignore' });
    onTestFinished(() => void other.kill('SIGKILL'));
    const here = base;
    const there = `http://127.0.0.1:${http}`;
    const at = async <Result>(address: string, run: () => Promise<Result>): Promise<Result> => {
      base = address;
      return run().finally(() => {
        base = here;
      });
    };
    await until(
      'the other cluster is there',
      async () => (await fetch(`${there}/v1/connect/ca/roots`).catch(() => undefined))?.ok,
    );
    const domain = async () =>
      (JSON.parse((await ask('GET', '/v1/connect/ca/roots')).text) as { TrustDomain: string }).TrustDomain;
    await put('/v1/kv/a', 'mine');
    expect((await cli('snapshot', 'save', 'mine.snap')).code).toBe(0);
    const otherId = (await at(there, domain)).replace('.consul', '');
    await at(there, () => put('/v1/agent/service/register', { Name: 'joined', Port: 7 }));
    expect((await at(there, () => cli('snapshot', 'save', 'other.snap'))).code).toBe(0);
    const own = await domain();

    const refused = await ask('PUT', '/v1/snapshot', readFileSync(join(folder, 'other.snap')));
    expect(refused.status).toBe(400);
    expect(refused.text).toContain(
      `the snapshot is of cluster ${otherId}, this is cluster ${own.replace('.consul', '')}`,
    );
    expect(await cli('snapshot', 'restore', 'other.snap')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^Error restoring snapshot: .* would lose 1 key: save a snapshot of it .*\n$/),
    });
    expect([(await ask('GET', '/v1/kv/a?raw')).text, await domain()]).toEqual(['mine', own]);
    expect((await cli('snapshot', 'inspect', 'other.snap')).out).toContain(` ${otherId}\n`);

    expect(await at(there, () => cli('snapshot', 'restore', 'mine.snap'))).toMatchObject({ code: 0 });
    expect([(await at(there, () => ask('GET', '/v1/kv/a?raw'))).text, await at(there, domain)]).toEqual(['mine', own]);

    expect(await cli('snapshot', 'restore', '-force', 'other.snap')).toMatchObject({ code: 0, err: '' });
    expect([(await ask('GET', '/v1/kv/a')).status, await domain()]).toEqual([404, `${otherId}.consul`]);
    expect((await ask('PUT', '/v1/snapshot?force', readFileSync(join(folder, 'mine.snap')))).status).toBe(200);
    expect([(await ask('GET', '/v1/kv/a?raw')).text, await domain()]).toEqual(['mine', own]);
  }, 30_000);

  test('is saved by the snapshot agent, which keeps the newest files only', async () => {
    for (let at = 0; at < 3; at++)
      expect(await cli('snapshot', 'agent', '-local-path', 'backups', '-one-shot', '-retain', '2')).toMatchObject({
        code: 0,
        err: '',
      });
    const names = readdirSync(join(folder, 'backups'));
    expect(names).toHaveLength(2);
    const shown = await cli('snapshot', 'inspect', '-kvdetails', `backups/${names[0]}`);
    expect(shown.out).toMatch(/ kv +1 +\d+B\n/);
    const decoded = await cli('snapshot', 'decode', `backups/${names[0]}`);
    expect(decoded.out).toContain('"Type":"ca-keys"');
    expect(decoded.out).not.toContain('PRIVATE KEY');
  }, 30_000);

  test('takes backups of itself, tells of them, and comes back from one', async () => {
    const report = async () => JSON.parse((await ask('GET', '/v1/mesh/backups')).text) as Record<string, unknown>;
    await until('there is a backup', async () => (await report())['Newest']);
    expect(await report()).toEqual({
      Configured: true,
      Place: join(folder, 'own'),
      Interval: '10s',
      Retain: 2,
      Server: 'n1',
      Newest: { Name: expect.any(String), At: expect.any(String), SizeBytes: expect.any(Number) },
      Failure: null,
    });
    const metrics = (await ask('GET', '/v1/agent/metrics?format=prometheus')).text;
    expect(metrics).toMatch(/^meshwright_backup_age_seconds \d+$/m);
    expect(metrics).toMatch(/^meshwright_backup_failing 0$/m);
    const { Name: name } = (await report())['Newest'] as { Name: string };
    expect((await cli('snapshot', 'restore', `own/${name}`)).out).toBe('Restored snapshot\n');
  }, 30_000);

  test('comes back from a bucket that one of two snapshot agents fills, the other when that one has gone', async () => {
    const signer = { accessKeyId: 'AKIDTEST', secretAccessKey: 'secret', region: 'us-east-1' };
    const store = await startFakeS3(signer);
    onTestFinished(() => store.close());
    env = {
      AWS_ACCESS_KEY_ID: signer.accessKeyId,
      AWS_SECRET_ACCESS_KEY: signer.secretAccessKey,
      AWS_S3_ENDPOINT: store.endpoint,
    };
    writeFileSync(
      join(folder, 'snapshot-agent.json'),
      JSON.stringify({
        snapshot_agent: {
          http_addr: base,
          snapshot: { interval: '1s', retain: 2, service: 'backups' },
          aws_storage: { s3_bucket: BUCKET },
        },
      }),
    );
    const startAgent = () => {
      const agent = spawn(process.execPath, [MAIN, 'snapshot', 'agent', '-config-file', 'snapshot-agent.json'], {
        cwd: folder,
        env: { ...process.env, ...env },
      });
      onTestFinished(() => void agent.kill('SIGKILL'));
      const said = { out: '', err: '' };
      agent.stdout.on('data', (text: Buffer) => void (said.out += text.toString()));
      agent.stderr.on('data', (text: Buffer) => void (said.err += text.toString()));
      return { agent, said };
    };
    const end = (agent: ChildProcess) =>
      new Promise((resolve) => {
        agent.once('exit', resolve);
        agent.kill('SIGTERM');
      });
    await put('/v1/kv/a', 'of the backup');
    const first = startAgent();
    await until('the first one saves', () => first.said.out.includes('Saved and verified'));
    const second = startAgent();
    await until('the second one waits', () => second.said.out.includes('Waiting to obtain leadership'));
    const checks = async () => (await ask('GET', '/v1/health/checks/backups')).text;
    await until('it is shown in the catalog', async () => (await checks()).includes('Saving Snapshots'));
    expect(await checks()).toContain('Consul Snapshot Agent Alive');
    expect(second.said.out).not.toContain('Obtained');
    expect(await end(first.agent)).toBe(0);
    const seen = store.objects.size;
    await until('the second one saves', () => second.said.out.includes('Saved and verified'));
    expect(await end(second.agent)).toBe(0);
    expect([first.said.err, second.said.err]).toEqual(['', '']);
    expect([seen <= 2, store.objects.size]).toEqual([true, 2]);
    expect(await checks()).toBe('[]');

    const [key = ''] = [...store.objects.keys()].sort().slice(-1);
    const name = `s3://${BUCKET}/${key}`;
    expect((await cli('snapshot', 'inspect', name)).out).toMatch(/ kv +\d+ /);
    await put('/v1/kv/a', 'later');
    expect(await cli('snapshot', 'restore', name)).toMatchObject({ code: 0, out: 'Restored snapshot\n' });
    expect((await ask('GET', '/v1/kv/a?raw')).text).toBe('of the backup');

    store.objects.set(key, (store.objects.get(key) as Buffer).subarray(1));
    expect(await cli('snapshot', 'restore', name)).toMatchObject({ code: 1, err: expect.stringContaining('damaged') });
    env['AWS_SECRET_ACCESS_KEY'] = 'other';
    expect(await cli('snapshot', 'agent', '-interval', '0', '-aws-s3-bucket', BUCKET)).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/^Error saving snapshot: .* 403 SignatureDoesNotMatch .* allow s3:PutObject\n$/),
    });
  }, 60_000);
});
