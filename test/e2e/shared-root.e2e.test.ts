import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRoot } from '../../src/ca/root.js';
import { httpCall, Mesh, until } from '../support/envoy-rig/index.js';

const CLUSTER = '11111111-2222-4333-8444-555555555555';
const DAY_MS = 24 * 3_600_000;

/** As the documentation of moving from Consul has it: in the catalog that it does not belong to, a service stands on a node without an agent. */
async function announce(service: string, from: Mesh, to: Mesh): Promise<void> {
  const node = { Node: `beyond-${service}`, Address: '127.0.0.1', NodeMeta: { 'external-node': 'true' } };
  const { port } = from.app(service);
  await to.plane.configure({ Kind: 'service-defaults', Name: service, Protocol: 'http' });
  await to.plane.put('/v1/catalog/register', { ...node, Service: { Service: service, Port: port } });
  await to.plane.put('/v1/catalog/register', {
    ...node,
    Service: {
      Kind: 'connect-proxy',
      Service: `${service}-sidecar-proxy`,
      Port: from.sidecarPort(service),
      Proxy: { DestinationServiceName: service },
    },
  });
}

describe('two meshes that sign with one root, while services move from one to the other', () => {
  let [old, next]: Mesh[] = [];
  const meshes = () => {
    if (!old || !next) throw new Error('no meshes');
    return { old, next };
  };

  beforeAll(async () => {
    const { root, key } = await makeRoot(CLUSTER, Date.now(), 30 * DAY_MS, { type: 'ec', bits: 256 });
    const ca_config = { root_cert: root.rootCertPem, private_key: key.privateKeyPem };
    const config = { connect: { ca_config } };
    old = await Mesh.start({ config, services: [{ id: 'web', calls: ['api'] }, { id: 'billing' }] });
    next = await Mesh.start({ config, services: [{ id: 'api', calls: ['billing'] }] });
    await announce('api', next, old);
    await announce('billing', old, next);
  });
  afterAll(() => Promise.all([old?.close(), next?.close()]));

  it('call each other in both directions', async () => {
    const { old: mine, next: theirs } = meshes();
    await mine.reaches('web', 'api');
    await theirs.reaches('api', 'billing');
    expect((await httpCall({ port: mine.port('web', 'api') })).text).toContain('api');
  });

  it('and intentions see by name who calls from the other one', async () => {
    const { old: mine, next: theirs } = meshes();
    const status = async () => (await httpCall({ port: mine.port('web', 'api') })).status;
    await theirs.plane.put('/v1/connect/intentions/exact?source=web&destination=api', { Action: 'deny' });
    await until('the refusal', async () => (await status()) === 403);
    await theirs.plane.put('/v1/connect/intentions/exact?source=web&destination=api', { Action: 'allow' });
    await until('an answer', async () => (await status()) === 200);
    expect(await status()).toBe(200);
  });
});
