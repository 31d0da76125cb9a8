import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { restoreSnapshot } from '../../src/discovery/snapshots/index.js';
import { testEdge } from '../edges/http/support/test-edge.js';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

/** Written by the version of 2026-11-29. Files like it are kept by users: it is never written anew, and stays readable. */
test('a snapshot of format 1 is restored by this version, with all that was in it', async () => {
  const edge = await testEdge();
  onTestFinished(() => edge.close());
  const { meta } = await restoreSnapshot(edge.deps.store, createReadStream(fixture('format-1.snap')), {
    datacenter: 'dc1',
  });
  expect(meta).toMatchObject({ version: 1, index: 16, node: 'n1', datacenter: 'dc1' });
  expect(edge.deps.store.index).toBeGreaterThan(16);
  const get = (path: string): Promise<unknown> => edge.get(`GET ${path}`);
  expect((await edge.ask('GET /v1/kv/a/b?raw')).text).toBe('hello');
  expect((await edge.ask('GET /v1/kv/a/b')).text).toContain('"Flags":18446744073709551615');
  expect((await edge.ask('GET /v1/kv/gone')).status).toBe(404);
  const [lock] = (await get('/v1/kv/lock')) as { readonly Session: string }[];
  expect(await get('/v1/session/list')).toMatchObject([{ ID: lock?.Session, Node: 'host', TTL: '10m' }]);
  for (const kind of ['service-resolver', 'service-splitter', 'service-router', 'service-intentions'])
    expect(await get(`/v1/config/${kind}`)).toMatchObject([{ Kind: kind, Name: 'api' }]);
  expect(await get('/v1/config/proxy-defaults/global')).toMatchObject({ Config: { protocol: 'http' } });
  expect(await get('/v1/health/service/db')).toMatchObject([
    {
      Node: { Node: 'external', Meta: { rack: '7' } },
      Service: { ID: 'db-1', Tags: ['primary'] },
      Checks: [{ Status: 'critical' }],
    },
  ]);
  expect(await get('/v1/catalog/connect/api')).toMatchObject([{ ServiceID: 'api-sidecar-proxy' }]);
  expect(await get('/v1/query')).toMatchObject([{ Name: 'near-db' }]);
  expect(await get('/v1/operator/autopilot/configuration')).toMatchObject({ MinQuorum: 3 });
  expect(await get('/v1/discovery-chain/api')).toMatchObject({
    Chain: { Protocol: 'http', StartNode: 'router:api.default.default' },
  });
});

test('a snapshot of another datacenter is refused, and nothing is changed', async () => {
  const edge = await testEdge({ config: { datacenter: 'dc2' } });
  onTestFinished(() => edge.close());
  await edge.ask('PUT /v1/kv/mine', { body: 'x' });
  const { index } = edge.deps.store;
  const body = await readFile(fixture('format-1.snap'));
  const refused = await restoreSnapshot(edge.deps.store, Readable.from([body]), { datacenter: 'dc2' }).catch(
    (thrown: unknown) => thrown,
  );
  expect(String(refused)).toContain(
    'the snapshot is of datacenter "dc1", these servers are of "dc2": nothing was changed',
  );
  expect(edge.deps.store.index).toBe(index);
  expect((await edge.ask('GET /v1/kv/mine?raw')).text).toBe('x');
});

test('the last virtual address that was given out is kept in the record without a name, and the next follows it', async () => {
  const edge = await testEdge();
  onTestFinished(() => edge.close());
  await restoreSnapshot(edge.deps.store, createReadStream(fixture('format-1.snap')), { datacenter: 'dc1' });
  expect(edge.deps.store.view.get('virtual-ips', '')?.ip).toBe('240.0.0.1');
  const body = { Kind: 'service-defaults', Name: 'next' };
  expect((await edge.ask('PUT /v1/config', { body })).status).toBe(200);
  expect(edge.deps.store.view.get('virtual-ips', 'next')?.ip).toBe('240.0.0.2');
});
