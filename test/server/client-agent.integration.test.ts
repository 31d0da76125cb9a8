import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatJoinToken, deriveClusterSecrets, joinTokenOf } from '../../src/cluster/credentials/index.js';
import { freePort, httpCall } from '../support/envoy-rig/index.js';
import { Rig } from '../support/envoy-rig/rig.js';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';
import { AdsClient, type Dump } from '../support/ads-client/index.js';
import { FakeEnvoy } from '../support/fake-envoy/index.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const KEY = Buffer.alloc(32, 9).toString('base64');
const TOKEN = formatJoinToken(joinTokenOf(deriveClusterSecrets(KEY)));
const WITHIN = { timeout: 15_000, interval: 100 };

interface Agent {
  readonly name: string;
  readonly http: number;
  readonly grpc: number;
  readonly args: readonly string[];
  process: RigProcess;
}

/** What a TLS port shows to a client that trusts these authorities and calls it 127.0.0.1; undefined while it is closed. */
function certificateAt(
  port: number,
  ca: string,
): Promise<{ readonly authorized: boolean; readonly subjectaltname: string } | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca, ALPNProtocols: ['h2', 'http/1.1'] }, () => {
      const { subjectaltname = '' } = socket.getPeerCertificate();
      resolve({ authorized: socket.authorized, subjectaltname });
      socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
  });
}

describe('a server and two client agents', () => {
  const rig = new Rig();
  const agents = new Map<string, Agent>();
  const envoys: FakeEnvoy[] = [];
  let tlsPorts: readonly number[] = [];

  const agent = (name: string): Agent => agents.get(name) as Agent;
  const call = (name: string, path: string, method = 'GET', body?: object) =>
    httpCall({
      port: agent(name).http,
      path,
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const get = async <Type>(name: string, path: string): Promise<Type> =>
    JSON.parse((await call(name, path)).text) as Type;
  const catalog = async (name: string): Promise<string[]> =>
    Object.keys(await get<object>(name, '/v1/catalog/services').catch(() => ({}))).sort();
  const start = (name: string): void => {
    const { args } = agent(name);
    const process_ = rig.start(name, process.execPath, args);
    agents.set(name, { ...agent(name), process: process_ });
  };
  const kill = async (name: string): Promise<void> => {
    await agent(name).process.kill();
  };
  const envoyOf = (name: string, id: string): FakeEnvoy => {
    const envoy = new FakeEnvoy({
      port: agent(name).grpc,
      node: { id, cluster: id, userAgent: 'envoy', version: [1, 40, 0] },
    });
    envoys.push(envoy);
    return envoy;
  };

  beforeAll(async () => {
    if (!existsSync(MAIN)) throw new Error('there is no dist/main.js: run `npm run build` first');
    const door = await freePort();
    for (const name of ['server', 'one', 'two']) {
      const [http, grpc] = [await freePort(), await freePort()];
      // One agent has TLS ports, without files.
      const secure = name === 'one' ? await freePort() : -1;
      const grpcTls = name === 'one' ? await freePort() : -1;
      if (name === 'one') tlsPorts = [secure, grpcTls];
      const tls = ['-https-port', secure, '-grpc-tls-port', grpcTls];
      const ports = ['-http-port', http, '-grpc-port', grpc, ...tls, '-dns-port', -1, '-server-port', -1];
      const role =
        name === 'server'
          ? ['-server', '-encrypt', KEY, '-serf-lan-port', door]
          : ['-join-token', TOKEN, '-retry-join', `127.0.0.1:${door}`, '-retry-interval', '1s'];
      const args = [
        MAIN,
        'agent',
        '-node',
        name,
        '-bind',
        '127.0.0.1',
        '-data-dir',
        join(rig.folder, name),
        ...ports,
        ...role,
      ];
      agents.set(name, { name, http, grpc, args: args.map(String), process: undefined as unknown as RigProcess });
      start(name);
    }
  });
  afterAll(async () => {
    for (const envoy of envoys) envoy.disconnect();
    await rig.close();
  });

  it('find each other', async () => {
    for (const name of ['one', 'two'])
      await expect
        .poll(async () => {
          agent(name).process.assertRunning();
          return (await get<unknown[]>(name, '/v1/agent/members').catch(() => [])).length;
        }, WITHIN)
        .toBe(3);
  }, 60_000);

  it('know of each other what is registered at any of them', async () => {
    const web = { Name: 'web', Port: 8080, Check: { TTL: '10m', Status: 'passing' }, Connect: { SidecarService: {} } };
    const upstream = { DestinationName: 'web', LocalBindPort: 9191 };
    const api = { Name: 'api', Port: 8081, Connect: { SidecarService: { Proxy: { Upstreams: [upstream] } } } };
    expect((await call('one', '/v1/agent/service/register', 'PUT', web)).status).toBe(200);
    expect((await call('two', '/v1/agent/service/register', 'PUT', api)).status).toBe(200);
    await expect
      .poll(() => catalog('two'), WITHIN)
      .toEqual(['api', 'api-sidecar-proxy', 'consul', 'web', 'web-sidecar-proxy']);
    const [instance] = await get<{ Node: { Node: string }; Checks: { CheckID: string }[] }[]>(
      'two',
      '/v1/health/service/web',
    );
    expect(instance?.Node.Node).toBe('one');
    expect(instance?.Checks.map(({ CheckID }) => CheckID)).toEqual(['serfHealth', 'service:web']);
    expect(Object.keys(await get<object>('one', '/v1/agent/services'))).toEqual(['web', 'web-sidecar-proxy']);
    expect((await call('two', '/v1/kv/key', 'PUT', { a: 1 })).text).toBe('true');
    expect((await call('one', '/v1/kv/key?raw')).text).toBe('{"a":1}');
  });

  it('show a certificate of the mesh on TLS ports without files, which says which agent it is', async () => {
    expect(tlsPorts).toHaveLength(2);
    const shownAt = async (port: number) =>
      certificateAt(port, (await call('server', '/v1/connect/ca/roots?pem=true')).text);
    for (const port of tlsPorts) {
      await expect.poll(() => shownAt(port), WITHIN).toMatchObject({ authorized: true });
      expect((await shownAt(port))?.subjectaltname).toMatch(
        /URI:spiffe:\/\/[0-9a-f-]+\.consul\/agent\/client\/dc\/dc1\/id\/one\b/,
      );
    }
  });

  it('serve the proxies of their own node, and no others', async () => {
    const envoy = envoyOf('two', 'api-sidecar-proxy');
    envoy.connect();
    await envoy.until(() => envoy.complete, 'everything', 15_000);
    expect(Object.keys(envoy.versions('listener'))).toHaveLength(2);
    const stranger = new FakeEnvoy({
      port: agent('one').grpc,
      node: { id: 'api-sidecar-proxy', nodeName: 'two', userAgent: 'envoy', version: [1, 40, 0] },
    });
    envoys.push(stranger);
    stranger.connect();
    await stranger.until(() => stranger.ended !== undefined, 'the refusal');
    expect(stranger.ended?.details).toMatch(/serves proxies of that node only, not of "two"/);
  });

  it('keep proxies running without a server, also those that begin anew, and are corrected when it is back', async () => {
    const [envoy] = envoys as [FakeEnvoy];
    const before = envoy.versions('cluster');
    const web = Object.keys(before).find((name) => name.startsWith('web.')) ?? '';
    const stateOfTheWorld = async (): Promise<Pick<Dump, 'resources' | 'problems'>> => {
      const address = `127.0.0.1:${agent('two').grpc}`;
      const client = new AdsClient({
        address,
        nodeId: 'api-sidecar-proxy',
        envoyVersion: '1.40.0',
        stateOfTheWorld: true,
      });
      const { resources, problems } = await client.dump();
      await client.close();
      return { resources, problems };
    };
    const whole = await stateOfTheWorld();
    expect(whole.problems).toEqual([]);
    expect(Object.keys(whole.resources.listeners)).toHaveLength(2);
    await kill('server');
    await expect
      .poll(async () => (await call('two', '/v1/health/service/web?stale')).headers['x-cache'], WITHIN)
      .toBe('HIT');
    expect(envoy.ended).toBeUndefined();
    envoy.restart();
    await envoy.until(() => envoy.complete, 'what was kept', 15_000);
    expect(envoy.versions('cluster')).toEqual(before);
    expect(Object.keys(envoy.versions('secret')).sort()).toEqual(['leaf', 'roots']);
    expect(await stateOfTheWorld()).toEqual(whole);
    const sent = envoy.log.length;
    start('server');
    await expect.poll(async () => (await call('two', '/v1/kv/key?raw')).text, WITHIN).toBe('{"a":1}');
    const resolver = { Kind: 'service-resolver', Name: 'web', ConnectTimeout: '7s' };
    await expect.poll(async () => (await call('two', '/v1/config', 'PUT', resolver)).status, WITHIN).toBe(200);
    await envoy.until(() => envoy.versions('cluster')[web] !== before[web], 'the change', 15_000);
    // Nothing was sent again but what has changed, and a leaf of which nobody knows any more how it was issued.
    // A server answers the first question for listeners, be there news or not.
    const again = envoy
      .received(sent)
      .filter(({ type, names }) => (type === 'listener' || type === 'route') && names.length > 0);
    expect(again).toEqual([]);
    expect(envoy.ended).toBeUndefined();
  }, 60_000);

  it('never write a private key of a proxy to the disk', () => {
    const folder = join(rig.folder, 'two', 'proxies');
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.join('')).toContain('roots');
    expect(texts.join('')).not.toContain('"name":"leaf"');
  });

  it('bring back what was registered at one that was killed', async () => {
    await kill('one');
    await expect
      .poll(async () => {
        const checks = await get<{ CheckID: string; Status: string }[]>('two', '/v1/health/node/one').catch(() => []);
        return checks.find(({ CheckID }) => CheckID === 'serfHealth')?.Status;
      }, WITHIN)
      .toBe('critical');
    await call('server', '/v1/catalog/deregister', 'PUT', { Node: 'one', ServiceID: 'web' });
    start('one');
    await expect.poll(() => catalog('two'), WITHIN).toContain('web');
    await expect
      .poll(async () => {
        const rows = await get<{ Checks: { Status: string }[] }[]>('two', '/v1/health/service/web').catch(() => []);
        return rows.flatMap(({ Checks }) => Checks.map(({ Status }) => Status));
      }, WITHIN)
      .toEqual(['passing', 'passing']);
  }, 60_000);

  it('take commands as a server does', async () => {
    const run = (...args: readonly string[]) =>
      spawnSync(process.execPath, [MAIN, ...args, `-http-addr=127.0.0.1:${agent('one').http}`], {
        encoding: 'utf8',
        timeout: 20_000,
      });
    expect(run('members').stdout).toMatch(/^one .* client/m);
    const placed = async (): Promise<string[]> =>
      (await get<{ Node: string }[]>('two', '/v1/coordinate/nodes')).map(({ Node }) => Node);
    await expect.poll(placed, WITHIN).toEqual(['one', 'server', 'two']);
    expect(run('rtt', 'one', 'two').stdout).toMatch(/^Estimated one <-> two rtt: \d+\.\d+ ms/);
    const nearest = async (name: string): Promise<string | undefined> =>
      (await get<{ Node: string }[]>(name, '/v1/catalog/nodes?near=_agent'))[0]?.Node;
    expect([await nearest('one'), await nearest('two'), await nearest('server')]).toEqual(['one', 'two', 'server']);
    expect(run('maint', '-enable', '-service=web', '-reason=x').status).toBe(0);
    expect(run('maint').stdout).toMatch(/web/);
    expect(run('connect', 'envoy', '-sidecar-for', 'web', '-bootstrap').stdout).toContain('"id": "web-sidecar-proxy"');
  });

  it('leave when they are told to', async () => {
    await call('one', '/v1/agent/leave', 'PUT');
    await expect.poll(() => agent('one').process.isRunning, WITHIN).toBe(false);
    await expect
      .poll(async () => (await get<{ Node: string }[]>('server', '/v1/catalog/nodes')).map(({ Node }) => Node), WITHIN)
      .toEqual(['server', 'two']);
  });
});

describe('an agent without -server', () => {
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [MAIN, 'agent', '-data-dir', '/nonexistent/data', ...args], {
      encoding: 'utf8',
      timeout: 20_000,
    });

  it('that has nobody to join, or nothing to show, says what to do', () => {
    expect(run().stderr).toMatch(/joins servers: give the address of one with -retry-join/);
    expect(run('-retry-join', '127.0.0.1').stderr).toMatch(/needs a join token to be let in/);
    expect(run('-retry-join', '127.0.0.1', '-join-token', 'mwj1.x').stderr).toMatch(
      /the join token is cut off or damaged/,
    );
  });
});
