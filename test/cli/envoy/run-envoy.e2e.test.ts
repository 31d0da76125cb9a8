import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildBootstrap } from '../../../src/cli/envoy/index.js';
import { envoyBinary, freePort, httpCall, NEWEST_ENVOY, OLDEST_ENVOY, until } from '../../support/envoy-rig/index.js';
import { type FakeAgent, startFakeAgent } from '../support/fake-agent.js';
import { plainInput, richInput } from './bootstrap-input.js';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const execute = promisify(execFile);

let folder: string;
let agent: FakeAgent;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meshwright-run-envoy-'));
  agent = await startFakeAgent(({ path }) => {
    if (path === '/v1/agent/services')
      return {
        body: {
          'web-sidecar-proxy': {
            ID: 'web-sidecar-proxy',
            Kind: 'connect-proxy',
            Proxy: { DestinationServiceID: 'web' },
          },
        },
      };
    if (path === '/v1/agent/service/web-sidecar-proxy')
      return {
        body: {
          ID: 'web-sidecar-proxy',
          Kind: 'connect-proxy',
          Service: 'web-sidecar-proxy',
          Proxy: { DestinationServiceName: 'web' },
        },
      };
    if (path === '/v1/agent/self')
      return { body: { Config: { Datacenter: 'dc1' }, xDS: { Ports: { Plaintext: 8502, TLS: 8503 } } } };
    return undefined;
  });
});
afterEach(async () => {
  await agent.close();
  rmSync(folder, { recursive: true, force: true });
});

const selfSigned = async (): Promise<string> => {
  const file = join(folder, 'ca.pem');
  await execute('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=ca',
    '-keyout',
    join(folder, 'ca.key'),
    '-out',
    file,
  ]);
  return readFileSync(file, 'utf8');
};

describe.each([NEWEST_ENVOY, OLDEST_ENVOY])('Envoy %s', (version) => {
  test.each(['plain', 'rich'])('takes the %s bootstrap', async (name) => {
    const input = name === 'plain' ? plainInput : richInput(await selfSigned());
    const file = join(folder, 'bootstrap.json');
    writeFileSync(file, JSON.stringify(buildBootstrap(input)));
    const { stderr } = await execute(await envoyBinary(version), [
      '--mode',
      'validate',
      '--config-path',
      file,
      '-l',
      'warning',
    ]);
    expect(stderr).not.toMatch(/deprecated|error/i);
  });
});

describe('connect envoy', () => {
  const start = async (...flags: readonly string[]) => {
    const admin = await freePort();
    const child = spawn(
      process.execPath,
      [
        MAIN,
        'connect',
        'envoy',
        '-sidecar-for',
        'web',
        `-admin-bind=127.0.0.1:${admin}`,
        '-token=t0ken',
        ...flags,
        '--',
        '-l',
        'off',
        '--concurrency',
        '1',
      ],
      {
        stdio: 'ignore',
        env: {
          ...process.env,
          TMPDIR: folder,
          CONSUL_HTTP_ADDR: agent.address,
          ENVOY_BIN: await envoyBinary(NEWEST_ENVOY),
        },
      },
    );
    const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
    const ask = async (path: string) => (await httpCall({ port: admin, path })).text;
    return { child, exited, ask };
  };

  test('runs Envoy with the bootstrap, deletes the file that held the token, and hands signals and the exit code on', async () => {
    const { child, exited, ask } = await start();
    await until('the bootstrap file is written', () => readdirSync(folder).length > 0);
    const made = join(folder, readdirSync(folder)[0] ?? '');
    expect(statSync(made).mode & 0o077).toBe(0);
    const info = await until(
      'the admin interface answers',
      async () => JSON.parse(await ask('/server_info')) as ServerInfo,
    );
    expect(info.node).toMatchObject({
      id: 'web-sidecar-proxy',
      cluster: 'web',
      metadata: { meshwright_drain_time_s: '15' },
    });
    expect(info.command_line_options).toMatchObject({
      drain_time: '15s',
      drain_strategy: 'Immediate',
      disable_hot_restart: true,
      concurrency: 1,
    });
    await until('the bootstrap file is gone', () => readdirSync(folder).length === 0);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  });

  test('takes the drain time of the user, and says so to the control plane', async () => {
    const { child, exited, ask } = await start('-drain-time-s=3');
    const info = await until(
      'the admin interface answers',
      async () => JSON.parse(await ask('/server_info')) as ServerInfo,
    );
    expect(info.command_line_options).toMatchObject({ drain_time: '3s' });
    expect(info.node.metadata).toMatchObject({ meshwright_drain_time_s: '3' });
    child.kill('SIGINT');
    expect(await exited).toBe(0);
  });

  test('-bootstrap prints JSON and nothing else', async () => {
    const { stdout, stderr } = await execute(
      process.execPath,
      [MAIN, 'connect', 'envoy', '-bootstrap', '-proxy-id', 'web-sidecar-proxy', '-ignore-envoy-compatibility'],
      {
        env: { ...process.env, CONSUL_HTTP_ADDR: agent.address, CONSUL_GRPC_ADDR: '127.0.0.1:18502' },
      },
    );
    expect(JSON.parse(stdout)).toMatchObject({ node: { id: 'web-sidecar-proxy', cluster: 'web' } });
    expect(stdout).toContain('"port_value": 18502');
    expect(stderr).toBe('');
  });
});

interface ServerInfo {
  readonly node: { readonly id: string; readonly metadata: object };
  readonly command_line_options: object;
}
