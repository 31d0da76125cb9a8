import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestEdge, testEdge } from './support/test-edge.js';

let edge: TestEdge;
beforeEach(async () => {
  edge = await testEdge();
});
afterEach(() => edge.close());

const register = async (body: object): Promise<void> => {
  const answer = await edge.ask('PUT /v1/catalog/register', { body });
  expect(answer.text).toBe('true');
};
const refused = async (body: unknown): Promise<string> => {
  const answer = await edge.ask('PUT /v1/catalog/register', { body });
  expect(answer.status).toBe(400);
  return answer.text;
};
const web = (node: string, id: string, more: object = {}, extra: object = {}): object => ({
  Node: node,
  Address: `10.0.0.${node.length}`,
  Service: { ID: id, Service: 'web', Port: 80, ...more },
  ...extra,
});

describe('a registration', () => {
  test('is listed with every field in its place', async () => {
    await register(web('a', 'web-1', { Tags: ['v1'], Meta: { version: '1' } }, { NodeMeta: { os: 'linux' } }));
    expect(await edge.get('GET /v1/catalog/service/web')).toMatchObject([
      {
        ID: '',
        Node: 'a',
        Datacenter: 'dc1',
        TaggedAddresses: null,
        NodeMeta: { os: 'linux' },
        ServiceKind: '',
        ServiceID: 'web-1',
        ServiceTags: ['v1'],
        ServiceAddress: '',
        ServiceWeights: { Passing: 1, Warning: 1 },
        ServiceMeta: { version: '1' },
        ServicePort: 80,
        ServiceSocketPath: '',
        ServiceEnableTagOverride: false,
        ServiceProxy: { Mode: '', MeshGateway: {}, Expose: {} },
        ServiceConnect: {},
        ServiceLocality: null,
      },
    ]);
  });

  test('says where it is, and where its node is, when they do', async () => {
    const place = { Locality: { Region: 'eu', Zone: 'eu-1' } };
    await register(web('a', 'web-1', { Locality: { Region: 'us' } }, place));
    expect(await edge.get('GET /v1/catalog/node/a')).toMatchObject({ Node: place });
    expect(await edge.get('GET /v1/catalog/service/web')).toMatchObject([{ ServiceLocality: { Region: 'us' } }]);
    expect(await edge.get('GET /v1/health/service/web')).toMatchObject([
      { Node: place, Service: { Locality: { Region: 'us' } } },
    ]);
  });

  test('is found whatever the case of the name', async () => {
    await register(web('a', 'web-1'));
    expect(await edge.get('GET /v1/catalog/service/WEB')).toHaveLength(1);
    expect(await edge.get('GET /v1/catalog/node/A')).toMatchObject({ Node: { Node: 'a' } });
  });

  test('shows a node that is not there as null, an empty list as []', async () => {
    expect((await edge.ask('GET /v1/catalog/node/none')).text).toBe('null');
    expect(await edge.get('GET /v1/catalog/service/none')).toEqual([]);
  });

  test('of a node whose name is one letter is waited for from index 1, without a busy loop', async () => {
    const { headers } = await edge.ask('GET /v1/catalog/node/z');
    expect(headers['x-consul-index']).toBe('1');
    const waiting = edge.ask('GET /v1/catalog/node/z?index=1&wait=1m');
    expect(await Promise.race([waiting, new Promise((resolve) => setImmediate(resolve, 'still waits'))])).toBe(
      'still waits',
    );
    await register({ Node: 'z', Address: '10.0.0.1' });
    const answer = await waiting;
    expect(answer.json).toMatchObject({ Node: { Node: 'z' } });
    expect(Number(answer.headers['x-consul-index'])).toBeGreaterThan(1);
  });

  test.each([
    ['the address', { Node: 'a' }, /address/i],
    ['the node', { Address: '10.0.0.1' }, /node/i],
    ['a node id', { Node: 'a', Address: '10.0.0.1', ID: 'x' }, /Bad node ID/],
    ['an unknown field', { Node: 'a', Address: '10.0.0.1', Extra: 1 }, /unknown field "Extra"/],
    [
      'an unknown field inside',
      { Node: 'a', Address: 'x', Service: { Service: 'a', Odd: 1 } },
      /unknown field "Service.Odd"/,
    ],
    [
      'a wrong type',
      { Node: 'a', Address: 'x', Service: { Service: 'a', Port: 'eighty' } },
      /into "Service.Port": it must be a whole number/,
    ],
    ['a port', { Node: 'a', Address: 'x', Service: { Service: 'a', Port: 70000 } }, /between 0 and 65535/],
    ['a kind', { Node: 'a', Address: 'x', Service: { Service: 'a', Kind: 'odd' } }, /Kind must be one of/],
    [
      'the wildcard address',
      { Node: 'a', Address: 'x', Service: { Service: 'a', Address: '0.0.0.0' } },
      /Invalid service address/,
    ],
    [
      'a proxy without destination',
      { Node: 'a', Address: 'x', Service: { Service: 'p', Kind: 'connect-proxy', Port: 1 } },
      /DestinationServiceName/,
    ],
    [
      'a check of an unknown service',
      { Node: 'a', Address: 'x', Check: { Name: 'c', ServiceID: 'ghost' } },
      /unknown service ID "ghost"/,
    ],
    ['a check of another node', { Node: 'a', Address: 'x', Check: { Name: 'c', Node: 'b' } }, /does not match/],
    [
      'a status',
      { Node: 'a', Address: 'x', Check: { Name: 'c', Status: 'odd' } },
      /"passing", "warning" or "critical"/,
    ],
    ['a control character', { Node: 'a\u0000b', Address: 'x' }, /Node must not contain control characters/],
    ['an endless name', { Node: 'a', Address: 'x', Service: { Service: 'x'.repeat(2000) } }, /at most 1024/],
    ['another datacenter', { Node: 'a', Address: 'x', Datacenter: 'dc9' }, /No path to datacenter/],
    ['text that is not JSON', '{"Node":"a",}', /line 1, column 12/],
    ['nothing', '', /the body is empty/],
    ['a list', [], /must be an object, not/],
  ])('is refused as a whole for %s', async (_what, body, text) => {
    const answer = await edge.ask('PUT /v1/catalog/register', { body });
    expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(text)]);
    expect(await edge.get('GET /v1/catalog/nodes')).toMatchObject([{ Node: 'n1' }]);
  });

  test('may leave an existing node as it is', async () => {
    await register({ Node: 'a', Address: '10.0.0.1', NodeMeta: { os: 'linux' } });
    await register({ Node: 'a', SkipNodeUpdate: true, Service: { Service: 'web', Port: 1 } });
    expect(await edge.get('GET /v1/catalog/node/a')).toMatchObject({
      Node: { Address: '10.0.0.1', Meta: { os: 'linux' } },
    });
  });

  test('under another name moves a node that is known by its id, without its services', async () => {
    const ID = 'aaaaaaaa-1111-4111-8111-111111111111';
    await register({ ID, ...web('a', 'web-1') });
    const before = (await edge.get('GET /v1/catalog/node/a')) as { Node: { CreateIndex: number } };
    await register({ ID, Node: 'b', Address: '10.0.0.1' });
    expect((await edge.ask('GET /v1/catalog/node/a')).text).toBe('null');
    const after = (await edge.get(`GET /v1/catalog/node/${ID}`)) as {
      Node: { CreateIndex: number; ModifyIndex: number };
    };
    expect(after).toMatchObject({ Node: { Node: 'b', CreateIndex: before.Node.CreateIndex }, Services: {} });
    expect(after.Node.ModifyIndex).toBeGreaterThan(before.Node.CreateIndex);
  });

  test('cannot take the name of a node that is alive under another id', async () => {
    const ID = 'aaaaaaaa-1111-4111-8111-111111111111';
    await register({
      ID,
      Node: 'a',
      Address: '10.0.0.1',
      Check: { CheckID: 'serfHealth', Name: 's', Status: 'passing' },
    });
    const text = await refused({ ID: 'bbbbbbbb-1111-4111-8111-111111111111', Node: 'a', Address: '10.0.0.2' });
    expect(text).toMatch(/reserved by node aaaaaaaa/);
  });

  test('that is equal to what is there raises no index', async () => {
    await register(web('a', 'web-1'));
    const before = (await edge.ask('GET /v1/catalog/services')).headers['x-consul-index'];
    await register(web('a', 'web-1'));
    expect((await edge.ask('GET /v1/catalog/services')).headers['x-consul-index']).toBe(before);
  });
});

describe('a deregistration', () => {
  test('removes a service with its checks, and then a node with everything', async () => {
    await register(
      web('a', 'web-1', {}, { Checks: [{ CheckID: 'c', Name: 'c', ServiceID: 'web-1', Status: 'passing' }] }),
    );
    await register({
      Node: 'a',
      Address: '10.0.0.1',
      Service: { Service: 'api', Port: 1 },
      Check: { Name: 'disk', Status: 'passing' },
    });
    await edge.ask('PUT /v1/catalog/deregister', { body: { Node: 'a', ServiceID: 'web-1' } });
    expect(await edge.get('GET /v1/catalog/services')).toEqual({ api: [] });
    expect(await edge.get('GET /v1/health/node/a')).toMatchObject([{ CheckID: 'disk' }]);
    await edge.ask('PUT /v1/catalog/deregister', { body: { Node: 'a', CheckID: 'disk' } });
    expect(await edge.get('GET /v1/health/node/a')).toEqual([]);
    await edge.ask('PUT /v1/catalog/deregister', { body: { Node: 'a' } });
    expect((await edge.ask('GET /v1/catalog/node/a')).text).toBe('null');
  });

  test('of what is not there succeeds', async () => {
    expect((await edge.ask('PUT /v1/catalog/deregister', { body: { Node: 'ghost' } })).json).toBe(true);
    expect((await edge.ask('PUT /v1/catalog/deregister', { body: {} })).status).toBe(400);
  });
});

describe('lists', () => {
  beforeEach(async () => {
    await register(
      web('a', 's1', { Tags: ['blue', 'x'], Meta: { v: '1' } }, { NodeMeta: { zone: 'east', os: 'linux' } }),
    );
    await register(web('bb', 's2', { Tags: ['green'], Meta: { v: '2' } }, { NodeMeta: { zone: 'west' } }));
  });
  const ids = async (query: string): Promise<string[]> =>
    ((await edge.get(`GET /v1/catalog/service/web?${query}`)) as { ServiceID: string }[]).map(
      ({ ServiceID }) => ServiceID,
    );

  test.each([
    ['tag=BLUE', ['s1']],
    ['tag=blue&tag=x', ['s1']],
    ['tag=blue&tag=green', []],
    ['node-meta=zone:west', ['s2']],
    ['node-meta=zone:east&node-meta=os:linux', ['s1']],
    ['filter=ServiceMeta.v%20%3D%3D%202', ['s2']],
    ['filter=%22blue%22%20in%20ServiceTags', ['s1']],
    ['filter=not%20Node%20%3D%3D%20a', ['s2']],
    ['near=bb', ['s1', 's2']],
  ])('by %s', async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  test('refuse a filter over what is not there', async () => {
    const answer = await edge.ask('GET /v1/catalog/service/web?filter=Nope%20%3D%3D%201');
    expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/Selector "Nope" is not valid/)]);
  });

  test('refuse a filter of 3,000 parentheses in no time', async () => {
    const filter = encodeURIComponent(`${'('.repeat(3000)}Node == a${')'.repeat(3000)}`);
    const started = performance.now();
    expect((await edge.ask(`GET /v1/catalog/nodes?filter=${filter}`)).status).toBe(400);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('of services carry every tag, and follow a filter and node meta', async () => {
    expect(await edge.get('GET /v1/catalog/services')).toEqual({ web: ['blue', 'x', 'green'] });
    expect(await edge.get('GET /v1/catalog/services?node-meta=zone:west')).toEqual({ web: ['green'] });
    expect(await edge.get('GET /v1/catalog/services?filter=ServiceTags%20contains%20blue')).toEqual({
      web: ['blue', 'x'],
    });
  });

  test('wake when a service comes', async () => {
    const { headers } = await edge.ask('GET /v1/catalog/services');
    const waiting = edge.ask(`GET /v1/catalog/services?index=${headers['x-consul-index']}&wait=1m`);
    await register({ Node: 'a', Address: '10.0.0.1', Service: { Service: 'api', Port: 1 } });
    expect((await waiting).json).toHaveProperty('api');
  });
});

describe('mesh instances', () => {
  const proxy = {
    ID: 'p',
    Service: 'web-proxy',
    Kind: 'connect-proxy',
    Port: 20000,
    Proxy: { DestinationServiceName: 'web' },
  };

  test('have a virtual address, shared by all of one service', async () => {
    await register({ Node: 'a', Address: '10.0.0.1', Service: proxy });
    await register({ Node: 'b', Address: '10.0.0.2', Service: { ...proxy, Port: 20001 } });
    const rows = (await edge.get('GET /v1/catalog/connect/web')) as { ServiceTaggedAddresses: unknown }[];
    expect(rows.map((row) => row.ServiceTaggedAddresses)).toEqual([
      { 'consul-virtual': { Address: '240.0.0.1', Port: 20000 } },
      { 'consul-virtual': { Address: '240.0.0.1', Port: 20001 } },
    ]);
  });

  test('show central configuration when asked to, and wake when it changes', async () => {
    const upstreams = [{ DestinationName: 'db', LocalBindPort: 9191 }];
    await register({
      Node: 'a',
      Address: '10.0.0.1',
      Service: { ...proxy, Proxy: { ...proxy.Proxy, Upstreams: upstreams, Config: { own: 1 } } },
    });
    const path = 'GET /v1/catalog/connect/web?merge-central-config';
    const { headers } = await edge.ask(path);
    const waiting = edge.ask(`${path}&index=${headers['x-consul-index']}&wait=1m`);
    await edge.ask('PUT /v1/config', {
      body: {
        Kind: 'proxy-defaults',
        Name: 'global',
        Config: { protocol: 'http', own: 2 },
        MeshGateway: { Mode: 'local' },
      },
    });
    expect((await waiting).json).toMatchObject([
      {
        ServiceProxy: {
          Config: { protocol: 'http', own: 1 },
          MeshGateway: { Mode: 'local' },
          Upstreams: [{ DestinationName: 'db', Config: { protocol: 'http' }, MeshGateway: { Mode: 'local' } }],
        },
      },
    ]);
    expect(await edge.get('GET /v1/catalog/connect/web')).toMatchObject([
      { Address: '10.0.0.1', ServiceProxy: { Config: { own: 1 }, MeshGateway: {} } },
    ]);
  });

  test('keep the type of an upstream as it came, and one without a type is a service', async () => {
    const upstreams = [
      { DestinationName: 'db', LocalBindPort: 9191 },
      { DestinationName: 'cache', DestinationType: 'service', LocalBindPort: 9192 },
      { DestinationName: 'q', DestinationType: 'prepared_query', LocalBindPort: 9193 },
    ];
    await register({
      Node: 'a',
      Address: '10.0.0.1',
      Service: { ...proxy, Proxy: { ...proxy.Proxy, Upstreams: upstreams } },
    });
    const [row] = (await edge.get('GET /v1/catalog/connect/web')) as { ServiceProxy: { Upstreams: object[] } }[];
    expect(row?.ServiceProxy.Upstreams).toMatchObject([
      { DestinationType: '' },
      { DestinationType: 'service' },
      { DestinationType: 'prepared_query' },
    ]);
    for (const name of ['web', 'db', 'cache'])
      await register({ Node: 'a', Address: '10.0.0.1', Service: { Service: name, Port: 1 } });
    const topology = (await edge.get('GET /v1/internal/ui/service-topology/web?kind=')) as {
      Upstreams: { Name: string }[];
    };
    expect(topology.Upstreams.map(({ Name }) => Name).sort()).toEqual(['cache', 'db']);
    const twice = [...upstreams, { DestinationName: 'db', DestinationType: 'service', LocalBindPort: 9194 }];
    const refused = await edge.ask('PUT /v1/catalog/register', {
      body: { Node: 'a', Address: '10.0.0.1', Service: { ...proxy, Proxy: { ...proxy.Proxy, Upstreams: twice } } },
    });
    expect([refused.status, refused.text]).toEqual([
      400,
      expect.stringMatching(/duplicates of \[type="service", name="db"/),
    ]);
  });

  test('with more checks than are registered at once is refused, and changes nothing', async () => {
    const Checks = Array.from({ length: 1_001 }, (_, at) => ({ Name: `c${at}` }));
    const refused = await edge.ask('PUT /v1/catalog/register', { body: { Node: 'z', Address: '10.0.0.9', Checks } });
    expect([refused.status, refused.text]).toEqual([
      413,
      expect.stringMatching(/1001 checks, at most 1000 go at once/),
    ]);
    expect(await edge.get('GET /v1/catalog/node/z')).toBeNull();
  });

  test('may be given manual virtual IPs, each to one service only', async () => {
    await register({ Node: 'a', Address: '10.0.0.1', Service: proxy });
    await register({ Node: 'a', Address: '10.0.0.1', Service: { Service: 'nat', Port: 2, Connect: { Native: true } } });
    const assign = async (Service: string, ManualVIPs: string[]) =>
      (await edge.ask('PUT /v1/internal/service-virtual-ip', { body: { Service, ManualVIPs } })).json;
    expect(await assign('web', ['192.0.2.10'])).toEqual({ Found: true, UnassignedFrom: null });
    expect(await assign('nat', ['192.0.2.10'])).toEqual({
      Found: true,
      UnassignedFrom: [{ ServiceName: { Name: 'web' }, Peer: '' }],
    });
    expect(await assign('ghost', ['192.0.2.10'])).toEqual({ Found: false, UnassignedFrom: null });
    const chain = (await edge.get('GET /v1/discovery-chain/nat')) as { Chain: { ManualVirtualIPs: string[] } };
    expect(chain.Chain.ManualVirtualIPs).toEqual(['192.0.2.10']);
  });
});

describe('a registration with a message for Envoy that is none', () => {
  const proxy = (more: object) => ({
    Kind: 'connect-proxy',
    ID: 'p',
    Port: 1,
    Proxy: { DestinationServiceName: 'web', Config: { envoy_local_cluster_json: '{"nam":1}' } },
    ...more,
  });

  test.each([
    ['PUT /v1/catalog/register', { Node: 'n2', Address: '10.0.0.2', Service: proxy({ Service: 'p' }) }],
    ['PUT /v1/agent/service/register', proxy({ Name: 'p' })],
    [
      'PUT /v1/agent/service/register',
      { Name: 'web', Port: 1, Connect: { SidecarService: { Proxy: { Config: { envoy_local_cluster_json: '{' } } } } },
    ],
  ])('%s is refused by its path, and nothing is stored', async (line, body) => {
    const answer = await edge.ask(line, { body });
    expect([answer.status, answer.text]).toEqual([
      400,
      expect.stringContaining('Proxy.Config.envoy_local_cluster_json cannot be given to Envoy: '),
    ]);
    expect(await edge.get('GET /v1/catalog/services')).toEqual({});
  });
});
