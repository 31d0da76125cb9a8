import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveClusterSecrets, formatJoinToken, joinTokenOf } from '../../src/cluster/credentials/index.js';
import { freePort } from '../support/envoy-rig/index.js';
import { Rig } from '../support/envoy-rig/rig.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const KEY = Buffer.alloc(32, 5).toString('base64');
const TOKEN = formatJoinToken(joinTokenOf(deriveClusterSecrets(KEY)));
/** Agents compare by themselves after a minute at the earliest. */
const SOON = { timeout: 15_000, interval: 100 };

describe('a snapshot that is older than what a server and a client agent have registered', () => {
  const rig = new Rig();
  const ports: Record<string, number> = {};

  const ask = async (name: string, method: string, path: string, body?: string | Uint8Array<ArrayBuffer>) => {
    const answer = await fetch(`http://127.0.0.1:${ports[name]}${path}`, { method, ...(body && { body }) });
    return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) };
  };
  const read = async <Type>(path: string): Promise<Type> =>
    JSON.parse(Buffer.from((await ask('server', 'GET', path)).bytes).toString()) as Type;
  const statusesOf = async (service: string): Promise<string[]> => {
    const rows = await read<{ Checks: { CheckID: string; Status: string }[] }[]>(`/v1/health/service/${service}`);
    return rows.flatMap(({ Checks }) => Checks.map(({ CheckID, Status }) => `${CheckID} ${Status}`)).sort();
  };

  beforeAll(async () => {
    if (!existsSync(MAIN)) throw new Error('there is no dist/main.js: run `npm run build` first');
    const door = await freePort();
    const start = async (name: string, ...role: readonly (string | number)[]) => {
      const http = (ports[name] = await freePort());
      const closed = ['-grpc-port', -1, '-grpc-tls-port', -1, '-dns-port', -1, '-server-port', -1];
      const where = ['-node', name, '-bind', '127.0.0.1', '-data-dir', join(rig.folder, name), '-http-port', http];
      rig.start(name, process.execPath, [MAIN, 'agent', ...where, ...closed, ...role].map(String));
    };
    await start('server', '-server', '-encrypt', KEY, '-serf-lan-port', door);
    await start('client', '-join-token', TOKEN, '-retry-join', `127.0.0.1:${door}`, '-retry-interval', '1s');
  });
  afterAll(() => rig.close());

  it('is restored, and their registrations are back in a moment', async () => {
    const members = () => read<unknown[]>('/v1/agent/members').then(({ length }) => length, String);
    await expect.poll(members, SOON).toBe(2);
    await expect.poll(() => ask('server', 'GET', '/v1/connect/ca/roots').then(({ status }) => status), SOON).toBe(200);
    const saved = await ask('server', 'GET', '/v1/snapshot');
    expect(saved.status).toBe(200);
    for (const [name, service] of [
      ['server', 'near'],
      ['client', 'far'],
    ] as const) {
      const body = JSON.stringify({ Name: service, Port: 80, Check: { TTL: '10m', Status: 'passing' } });
      expect((await ask(name, 'PUT', '/v1/agent/service/register', body)).status).toBe(200);
      await expect.poll(() => statusesOf(service), SOON).toEqual(['serfHealth passing', `service:${service} passing`]);
    }

    // Twice: the first time an agent that has just joined may be about to compare anyway.
    for (let time = 0; time < 2; time += 1) {
      expect((await ask('server', 'PUT', '/v1/snapshot', saved.bytes)).status).toBe(200);
      for (const service of ['near', 'far'])
        await expect
          .poll(() => statusesOf(service), SOON)
          .toEqual(['serfHealth passing', `service:${service} passing`]);
    }
  }, 90_000);
});
