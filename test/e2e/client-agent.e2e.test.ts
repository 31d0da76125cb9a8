import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveClusterSecrets, formatJoinToken, joinTokenOf } from '../../src/cluster/credentials/index.js';
import { startHttpApp } from '../support/envoy-rig/apps.js';
import { freePort, httpCall, NEWEST_ENVOY, until } from '../support/envoy-rig/index.js';
import { connectEnvoy, type RunningEnvoy } from '../support/envoy-rig/running-envoy.js';
import { Rig } from '../support/envoy-rig/rig.js';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const KEY = Buffer.alloc(32, 11).toString('base64');
const TOKEN = formatJoinToken(joinTokenOf(deriveClusterSecrets(KEY)));

describe('Envoys at a client agent whose only server dies', () => {
  const rig = new Rig();
  const envoys = new Map<string, RunningEnvoy>();
  let server: RigProcess;
  let http: number;
  let upstream: number;

  const put = async (path: string, body: object): Promise<void> => {
    const { status, text } = await httpCall({ port: http, method: 'PUT', path, body: JSON.stringify(body) });
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  };
  const command = (name: string, args: readonly string[]): RigProcess =>
    rig.start(name, process.execPath, [MAIN, ...args], { CONSUL_HTTP_ADDR: `127.0.0.1:${http}` });
  const connect = async (id: string): Promise<void> => {
    const envoy = await connectEnvoy({ command }, id, { version: NEWEST_ENVOY, drainTimeS: 1 });
    envoys.set(id, envoy);
    await envoy.ready();
  };
  const reached = async (): Promise<boolean> => (await httpCall({ port: upstream })).status === 200;

  beforeAll(async () => {
    const door = await freePort();
    const shared = (name: string, ports: readonly number[]) =>
      ['-node', name, '-bind', '127.0.0.1', '-data-dir', join(rig.folder, name)].concat(
        ['-http-port', '-grpc-port'].flatMap((flag, at) => [flag, String(ports[at])]),
        ['-grpc-tls-port', '-1', '-dns-port', '-1', '-server-port', '-1'],
      );
    const atServer = [await freePort(), await freePort()];
    const role = ['-server', '-encrypt', KEY, '-serf-lan-port', String(door)];
    server = rig.start('server', process.execPath, [MAIN, 'agent', ...shared('server', atServer), ...role]);
    http = await freePort();
    const joins = ['-join-token', TOKEN, '-retry-join', `127.0.0.1:${door}`, '-retry-interval', '1s'];
    command('agent', ['agent', ...shared('host', [http, await freePort()]), ...joins]);
    await until(
      'the agent having joined',
      async () => (await httpCall({ port: http, path: '/v1/status/leader' })).status === 200,
    );
    upstream = await freePort();
    const app = await startHttpApp(rig, 'api');
    const sidecar = async (upstreams: readonly object[]) => ({
      SidecarService: { Port: await freePort(), Checks: [], Proxy: { Upstreams: upstreams } },
    });
    await put('/v1/config', { Kind: 'service-defaults', Name: 'api', Protocol: 'http' });
    await put('/v1/agent/service/register', { Name: 'api', Port: app.port, Connect: await sidecar([]) });
    const calls = [{ DestinationName: 'api', LocalBindPort: upstream }];
    await put('/v1/agent/service/register', { Name: 'web', Port: 1, Connect: await sidecar(calls) });
    await Promise.all(['api', 'web'].map(connect));
    await until('a request reaching api', reached);
  });
  afterAll(() => rig.close());

  it('serve on, and one that is started anew serves as before', async () => {
    await server.kill();
    expect(await reached()).toBe(true);
    for (const id of ['web', 'api']) {
      await envoys.get(id)?.process.kill();
      await connect(id);
      await until(`a request with a new Envoy of ${id}`, reached, 20_000);
    }
  });
});
