import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestEdge, testEdge } from './support/test-edge.js';

let edge: TestEdge;
beforeEach(async () => {
  edge = await testEdge();
});
afterEach(() => edge.close());

const put = async (path: string, body: unknown) => {
  const answer = await edge.ask(`PUT ${path}`, { body });
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
};
const register = (service: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  put('/v1/catalog/register', { Node: 'n', Address: '10.0.0.1', Service: service, ...more });
const mesh = async (dbMode = '') => {
  await register({ ID: 'web', Service: 'web', Port: 80, Tags: ['v1'], Meta: { 'external-source': 'nomad' } });
  await register({ ID: 'db', Service: 'db', Port: 81 });
  await register({
    ...{ ID: 'web-p', Service: 'web-p', Kind: 'connect-proxy', Port: 20000 },
    Proxy: { DestinationServiceName: 'web', Upstreams: [{ DestinationName: 'db', LocalBindPort: 1 }] },
  });
  await register({
    ...{ ID: 'db-p', Service: 'db-p', Kind: 'connect-proxy', Port: 20001 },
    Proxy: { DestinationServiceName: 'db', Mode: dbMode },
  });
};
interface Neighbour {
  readonly Name: string;
  readonly Source: string;
  readonly Intention: { readonly Allowed: boolean; readonly HasExact: boolean };
}
const topology = async (name: string) => {
  const { Upstreams, Downstreams } = (await edge.get(`GET /v1/internal/ui/service-topology/${name}?kind=`)) as {
    Upstreams: readonly Neighbour[];
    Downstreams: readonly Neighbour[];
  };
  const short = ({ Name, Source, Intention }: Neighbour) =>
    `${Name} ${Source} ${Intention.Allowed} ${Intention.HasExact}`;
  return { up: Upstreams.map(short), down: Downstreams.map(short) };
};

describe('the topology of a service', () => {
  test('has what its sidecar names, and who names it', async () => {
    await mesh();
    expect(await topology('web')).toEqual({ up: ['db proxy-registration true false'], down: [] });
    expect(await topology('db')).toEqual({ up: [], down: ['web proxy-registration true false'] });
  });

  test('has whom intentions let it call when its sidecar catches everything', async () => {
    await mesh('transparent');
    expect(await topology('db')).toMatchObject({ up: ['web default-allow true false'] });
    await put('/v1/connect/intentions/exact?source=db&destination=web', { Action: 'allow' });
    expect(await topology('web')).toMatchObject({ down: ['db specific-intention true true'] });
    await put('/v1/connect/intentions/exact?source=*&destination=web', { Action: 'allow' });
    await edge.ask('DELETE /v1/connect/intentions/exact?source=db&destination=web');
    expect(await topology('web')).toMatchObject({ down: ['db wildcard-intention true false'] });
    await put('/v1/connect/intentions/exact?source=db&destination=web', { Action: 'deny' });
    expect(await topology('web')).toMatchObject({ down: [] });
  });

  test('keeps a named upstream that intentions forbid, and says so', async () => {
    await mesh();
    await put('/v1/connect/intentions/exact?source=web&destination=db', { Action: 'deny' });
    expect(await topology('web')).toMatchObject({ up: ['db proxy-registration false true'] });
  });

  test('has the services that routing leads to', async () => {
    await mesh();
    await register({ ID: 'db2', Service: 'db2', Port: 82 });
    await put('/v1/config', { Kind: 'service-resolver', Name: 'db', Redirect: { Service: 'db2' } });
    expect(await topology('web')).toMatchObject({
      up: ['db proxy-registration true false', 'db2 routing-config true false'],
    });
  });

  test('of a service that nobody knows is empty, and questions without sense are refused', async () => {
    expect(await edge.ask('GET /v1/internal/ui/service-topology/none?kind=')).toMatchObject({
      status: 200,
      json: { Protocol: 'tcp', TransparentProxy: false, Upstreams: [], Downstreams: [], FilteredByACLs: false },
    });
    for (const [path, text] of [
      ['web', 'Missing service kind'],
      ['web?kind=odd', 'Unsupported service kind "odd"'],
      ['?kind=', 'Missing service name'],
    ])
      expect(await edge.ask(`GET /v1/internal/ui/service-topology/${path}`)).toMatchObject({ status: 400, text });
  });

  test('wakes a waiting page when an intention changes it, not when something else happens', async () => {
    await mesh();
    const { headers } = await edge.ask('GET /v1/internal/ui/service-topology/web?kind=');
    const waiting = edge.ask(
      `GET /v1/internal/ui/service-topology/web?kind=&index=${headers['x-consul-index']}&wait=30s`,
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    await put('/v1/kv/unrelated', 'x');
    await put('/v1/connect/intentions/exact?source=web&destination=db', { Action: 'deny' });
    expect((await waiting).json).toMatchObject({ Upstreams: [{ Intention: { Allowed: false } }] });
  });
});

describe('the lists of the user interface', () => {
  test('sum services up', async () => {
    await mesh();
    await put('/v1/catalog/register', {
      ...{ Node: 'n', Address: '10.0.0.1' },
      Checks: [{ Node: 'n', CheckID: 'c', Name: 'c', Status: 'critical', ServiceID: 'web' }],
    });
    expect(await edge.get('GET /v1/internal/ui/services?filter=Name==web')).toEqual([
      {
        ...{ Name: 'web', Datacenter: 'dc1', Tags: ['v1'], Nodes: ['n'], ExternalSources: ['nomad'], InstanceCount: 1 },
        ...{ ChecksPassing: 0, ChecksWarning: 0, ChecksCritical: 1, GatewayConfig: {} },
        ...{ TransparentProxy: false, ConnectNative: false, ConnectedWithProxy: true, ConnectedWithGateway: false },
      },
    ]);
    expect(await edge.get('GET /v1/internal/ui/catalog-overview')).toMatchObject({
      Services: expect.arrayContaining([{ Name: 'web', Total: 1, Passing: 0, Warning: 0, Critical: 1 }]),
      Checks: [{ Name: 'c', Total: 1, Passing: 0, Warning: 0, Critical: 1 }],
    });
  });

  test('show nodes with all that is on them', async () => {
    await mesh();
    const nodes = (await edge.get('GET /v1/internal/ui/nodes?filter=Node==n')) as { Services: { ID: string }[] }[];
    expect(nodes.map(({ Services }) => Services.map(({ ID }) => ID))).toEqual([['db', 'db-p', 'web', 'web-p']]);
    expect(await edge.get('GET /v1/internal/ui/node/N')).toEqual(nodes[0]);
    expect((await edge.ask('GET /v1/internal/ui/node/none')).status).toBe(404);
  });

  test('show what is behind a gateway, and who may call it', async () => {
    await register({ ID: 'tg', Service: 'tg', Kind: 'terminating-gateway', Port: 8443 });
    await register({ ID: 'ext', Service: 'ext', Port: 443 });
    await put('/v1/config', {
      Kind: 'terminating-gateway',
      Name: 'tg',
      Services: [{ Name: 'ext' }, { Name: 'later' }],
    });
    await put('/v1/connect/intentions/exact?source=web&destination=ext', { Action: 'allow' });
    expect(await edge.get('GET /v1/internal/ui/gateway-services-nodes/tg')).toMatchObject([
      { Name: 'ext', InstanceCount: 1 },
      { Name: 'later' },
    ]);
    expect(await edge.get('GET /v1/internal/ui/gateway-intentions/tg')).toMatchObject([
      { SourceName: 'web', DestinationName: 'ext', Action: 'allow' },
    ]);
    expect(await edge.get('GET /v1/internal/ui/services?filter=Name==tg')).toMatchObject([
      { Kind: 'terminating-gateway', GatewayConfig: { AssociatedServiceCount: 2 } },
    ]);
  });

  test('know of no peers and no federation', async () => {
    expect((await edge.ask('GET /v1/internal/ui/exported-services')).text).toContain('must provide PeerName');
    expect(await edge.get('GET /v1/internal/ui/exported-services?peer=x')).toEqual([]);
    expect(await edge.get('GET /v1/internal/federation-states')).toEqual([]);
    expect(await edge.get('GET /v1/internal/federation-states/mesh-gateways')).toEqual({});
    expect((await edge.ask('GET /v1/internal/federation-state/dc1')).status).toBe(404);
  });
});

describe('the configuration of the certificate authority', () => {
  test('that is refused is told why', async () => {
    const answer = await edge.ask('PUT /v1/connect/ca/configuration', { body: { Provider: 'vault', Config: {} } });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('"vault" is not implemented')]);
  });
});
