import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IssuedLeaf, LeafRequest } from '../../../src/ca/index.js';
import type { ProxyDetail } from '../../../src/xds/server/index.js';
import { ManualClock } from '../../state/support/manual-clock.js';
import { type TestEdge, testEdge } from './support/test-edge.js';

let edge: TestEdge;
beforeEach(async () => {
  edge = await testEdge();
});
afterEach(() => edge.close());

const register = (body: object, query = '') => edge.ask(`PUT /v1/agent/service/register${query}`, { body });

describe('a local service', () => {
  test('is shown as registered, with a hash of its content', async () => {
    const answer = await register({ Name: 'foo', Tags: ['bar', 'baz'], Port: 8000 });
    expect([answer.status, answer.text]).toEqual([200, '']);
    const shown = await edge.ask('GET /v1/agent/service/foo');
    expect(shown.json).toEqual({
      ID: 'foo',
      Service: 'foo',
      Tags: ['bar', 'baz'],
      Meta: {},
      Port: 8000,
      Address: '',
      Weights: { Passing: 1, Warning: 1 },
      EnableTagOverride: false,
      Datacenter: 'dc1',
      ContentHash: '3e352f348d44f7eb',
    });
    expect(shown.headers['x-consul-contenthash']).toBe('3e352f348d44f7eb');
    expect(await edge.get('GET /v1/catalog/service/foo')).toMatchObject([{ ServiceID: 'foo', Node: 'n1' }]);
  });

  test('shows central configuration merged into its sidecar, and changes its hash with it', async () => {
    await register({ Name: 'web', Port: 80, Connect: { SidecarService: {} } });
    const { headers } = await edge.ask('GET /v1/agent/service/web-sidecar-proxy');
    const waiting = edge.ask(`GET /v1/agent/service/web-sidecar-proxy?hash=${headers['x-consul-contenthash']}&wait=1m`);
    await edge.ask('PUT /v1/config', { body: { Kind: 'service-defaults', Name: 'web', Protocol: 'http2' } });
    const answer = await waiting;
    expect(answer.json).toMatchObject({ Proxy: { Config: { protocol: 'http2' } } });
    expect(answer.headers['x-consul-contenthash']).not.toBe(headers['x-consul-contenthash']);
  });

  test('wakes who waits for another hash when it is registered anew', async () => {
    await register({ Name: 'web', Port: 80 });
    const { headers } = await edge.ask('GET /v1/agent/service/web');
    const waiting = edge.ask(`GET /v1/agent/service/web?hash=${headers['x-consul-contenthash']}&wait=1m`);
    await register({ Name: 'web', Port: 81 });
    expect((await waiting).json).toMatchObject({ Port: 81 });
  });

  test('that is unknown is 404 in the words clients match on', async () => {
    expect((await edge.ask('GET /v1/agent/service/x')).text).toBe('unknown service ID: x');
    const removal = await edge.ask('PUT /v1/agent/service/deregister/x');
    expect([removal.status, removal.text]).toEqual([404, expect.stringMatching(/Unknown service ID "x"/)]);
  });

  test.each([
    ['no name', { ID: 'x' }, 'Missing service name'],
    ['null', null, 'Missing service name'],
    ['a list', [], /must be an object, not a list/],
    ['an unknown field', { Name: 'x', Namespace: 'team' }, /json: unknown field "Namespace"/],
    ['a NUL in its name', { Name: 'a\u0000b' }, /must not contain control characters/],
    [
      'a NUL in the id of a check',
      { Name: 'a', Check: { CheckID: 'c\u0000', TTL: '1m' } },
      /must not contain control characters/,
    ],
    ['half a body', '{', /Request decode failed: .*line 1, column 2/],
  ])('is refused for %s', async (_what, body, text) => {
    const answer = await edge.ask('PUT /v1/agent/service/register', { body });
    expect([answer.status, answer.text]).toEqual([400, typeof text === 'string' ? text : expect.stringMatching(text)]);
  });

  test('can be filtered, and a filter over nothing known is refused', async () => {
    await register({ Name: 'a', Port: 1 });
    await register({ Name: 'b', Port: 2 });
    expect(Object.keys((await edge.get('GET /v1/agent/services?filter=Port%20%3D%3D%202')) as object)).toEqual(['b']);
    expect((await edge.ask('GET /v1/agent/services?filter=Nope%20%3D%3D%201')).status).toBe(400);
  });
});

describe('health by service', () => {
  beforeEach(async () => {
    await register({ ID: 'w1', Name: 'web', Check: { CheckID: 'c1', TTL: '10m', Status: 'passing' } });
  });

  test.each([
    ['pass', 200, 'passing'],
    ['warn', 429, 'warning'],
    ['fail', 503, 'critical'],
  ])('after %s answers %d %s', async (word, status, state) => {
    await edge.ask(`PUT /v1/agent/check/${word}/c1?note=said`);
    const answer = await edge.ask('GET /v1/agent/health/service/id/w1');
    expect([answer.status, answer.headers['x-consul-reason']]).toEqual([status, state]);
    expect(answer.json).toMatchObject({ AggregatedStatus: state, Service: { ID: 'w1' }, Checks: [{ CheckID: 'c1' }] });
    const text = await edge.ask('GET /v1/agent/health/service/name/web?format=text');
    expect([text.status, text.text]).toEqual([status, state]);
  });

  test('in maintenance is 503, whatever the checks say', async () => {
    await edge.ask('PUT /v1/agent/maintenance?enable=true&reason=disk');
    expect((await edge.ask('GET /v1/agent/health/service/name/web?format=text')).text).toBe('maintenance');
    await edge.ask('PUT /v1/agent/maintenance?enable=false');
    expect((await edge.ask('GET /v1/agent/health/service/name/web?format=text')).text).toBe('passing');
  });

  test('of an unknown one is 404', async () => {
    expect((await edge.ask('GET /v1/agent/health/service/id/none')).status).toBe(404);
    expect((await edge.ask('GET /v1/agent/health/service/name/none?format=text')).text).toBe('critical');
  });

  test.each([
    ['PUT /v1/agent/maintenance', 'Missing value for enable'],
    ['PUT /v1/agent/maintenance?enable=', 'Invalid value for enable: ""'],
    ['PUT /v1/agent/service/maintenance/w1?enable=maybe', 'Invalid value for enable: "maybe"'],
    ['PUT /v1/agent/service/maintenance/?enable=true', 'Missing service ID'],
  ])('%s is refused', async (line, text) => {
    const answer = await edge.ask(line);
    expect([answer.status, answer.text]).toEqual([400, text]);
  });
});

describe('checks', () => {
  test('are registered, updated and removed', async () => {
    await edge.ask('PUT /v1/agent/check/register', { body: { ID: 'c', Name: 'up', TTL: '10m' } });
    await edge.ask('PUT /v1/agent/check/update/c', { body: { Status: 'warning', Output: 'hot' } });
    expect(await edge.get('GET /v1/agent/checks')).toMatchObject({
      c: { Status: 'warning', Output: 'hot', Type: 'ttl' },
    });
    expect((await edge.ask('PUT /v1/agent/check/update/c', { body: { Status: 'odd' } })).status).toBe(400);
    await edge.ask('PUT /v1/agent/check/deregister/c');
    expect(await edge.get('GET /v1/agent/checks')).toEqual({});
    expect((await edge.ask('PUT /v1/agent/check/pass/c')).status).toBe(404);
  });
});

describe('the agent itself', () => {
  test('says who it is', async () => {
    expect(await edge.get('GET /v1/agent/self')).toMatchObject({
      Config: { Datacenter: 'dc1', NodeName: 'n1', Server: true },
      Member: { Name: 'n1', Status: 1, Tags: { role: 'consul', dc: 'dc1' } },
      xDS: { Port: 8503, Ports: { Plaintext: 8502, TLS: 8503 } },
    });
    expect(await edge.get('GET /v1/agent/version')).toMatchObject({ HumanVersion: '1.21.4' });
    expect(await edge.get('GET /v1/status/leader')).toBe('127.0.0.1:8300');
    expect(await edge.get('GET /v1/status/peers')).toEqual(['127.0.0.1:8300']);
  });

  test('is the only member', async () => {
    expect(await edge.get('GET /v1/agent/members')).toMatchObject([{ Name: 'n1', Port: 8301 }]);
    expect(await edge.get('GET /v1/agent/members?wan=1')).toMatchObject([{ Name: 'n1.dc1', Port: 8302 }]);
    expect(await edge.get('GET /v1/agent/members?filter=Tags.role%20%3D%3D%20node')).toEqual([]);
    expect((await edge.ask('GET /v1/agent/members?wan=1&segment=x')).text).toBe(
      'Cannot provide a segment with wan=true',
    );
    expect((await edge.ask('PUT /v1/agent/join/10.0.0.9')).status).toBe(400);
    expect((await edge.ask('PUT /v1/agent/force-leave/ghost')).text).toMatch(/No node found/);
  });

  test('has no access control yet, and says so', async () => {
    for (const line of ['GET /v1/acl/tokens', 'PUT /v1/acl/bootstrap', 'PUT /v1/agent/token/default'])
      expect([(await edge.ask(line)).status, (await edge.ask(line)).text]).toEqual([401, 'ACL support disabled']);
  });
});

describe('intentions', () => {
  test('decide about applications that ask', async () => {
    const ask = (ClientCertURI: string) =>
      edge.ask('POST /v1/agent/connect/authorize', { body: { Target: 'db', ClientCertURI } });
    const uri = 'spiffe://td.consul/ns/default/dc/dc1/svc/web';
    expect((await ask(uri)).json).toEqual({ Authorized: true, Reason: 'Default behavior configured by ACLs' });
    await edge.ask('PUT /v1/connect/intentions/exact?source=web&destination=db', { body: { Action: 'deny' } });
    expect((await ask(uri)).json).toEqual({
      Authorized: false,
      Reason: 'Matched L4 intention: default/web => default/db (Precedence: 9, Action: DENY)',
    });
    expect((await ask('nope')).status).toBe(400);
    expect((await edge.ask('POST /v1/agent/connect/authorize', { body: {} })).text).toBe(
      'Target service must be specified',
    );
  });

  test('of several names are one waiting read', async () => {
    const path = 'GET /v1/connect/intentions/match?by=destination&name=db&name=cache';
    const { headers } = await edge.ask(path);
    const waiting = edge.ask(`${path}&index=${headers['x-consul-index']}&wait=1m`);
    await edge.ask('PUT /v1/connect/intentions/exact?source=web&destination=cache', { body: { Action: 'deny' } });
    expect((await waiting).json).toMatchObject({
      db: [],
      cache: [{ SourceName: 'web', Action: 'deny', Precedence: 9 }],
    });
  });

  test('with a body of null are refused, and the connection lives', async () => {
    const answer = await edge.ask('PUT /v1/connect/intentions/exact?source=a&destination=b', { body: 'null' });
    expect(answer.status).toBe(400);
    expect((await edge.ask('GET /v1/connect/intentions/exact?source=a&destination=b')).text).toBe(
      'Intention not found',
    );
  });
});

describe('config entries', () => {
  test('are written, read, listed and deleted', async () => {
    const body = { Kind: 'service-defaults', Name: 'web', Protocol: 'http' };
    expect((await edge.ask('PUT /v1/config', { body })).json).toBe(true);
    const one = await edge.ask('GET /v1/config/service-defaults/web');
    expect(one.json).toMatchObject({ Kind: 'service-defaults', Name: 'web', Protocol: 'http' });
    expect(one.text).toMatch(/"Hash":\d{10,}/);
    const { ModifyIndex } = one.json as { ModifyIndex: number };
    expect((await edge.ask('PUT /v1/config?cas=1', { body: { ...body, Protocol: 'grpc' } })).json).toBe(false);
    expect((await edge.ask(`PUT /v1/config?cas=${ModifyIndex}`, { body: { ...body, Protocol: 'grpc' } })).json).toBe(
      true,
    );
    expect(await edge.get('GET /v1/config/service-defaults?filter=Protocol%20%3D%3D%20grpc')).toHaveLength(1);
    expect((await edge.ask('DELETE /v1/config/service-defaults/web')).json).toEqual({});
    const gone = await edge.ask('GET /v1/config/service-defaults/web');
    expect([gone.status, gone.text]).toEqual([404, 'Config entry not found for "service-defaults" / "web"']);
  });

  test.each([
    ['GET /v1/config/nothing', undefined, /invalid config entry kind: nothing/],
    ['PUT /v1/config', '{', /invalid JSON: line 1, column 2/],
    ['PUT /v1/config', { Kind: 'nothing', Name: 'x' }, /nothing/],
    ['PUT /v1/config', { Kind: 'service-defaults', Name: 'a\u0000b' }, /Name must not contain control characters/],
    ['PUT /v1/config', { Kind: 'control-plane', Name: 'x' }, /invalid config entry kind: control-plane/],
    ['PUT /v1/config', { Kind: 'service-defaults', ['k'.repeat(5_000)]: 1 }, /^.{0,400}$/s],
    ['GET /v1/config/proxy-defaults?filter=Name%20%3D%3D%20a', undefined, /filtering not supported/],
  ])('%s %j is refused', async (line, body, text) => {
    const answer = await edge.ask(line, body === undefined ? {} : { body });
    expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(text)]);
  });

  test('of more values than one body may hold are refused before they are parsed', async () => {
    const answer = await edge.ask('PUT /v1/config', { body: `[${'0,'.repeat(20_001)}0]` });
    expect([answer.status, answer.text]).toEqual([413, expect.stringMatching(/more than 20000 values; send less/)]);
  });

  test('shape the chain of their service', async () => {
    await edge.ask('PUT /v1/config', { body: { Kind: 'service-resolver', Name: 'web', ConnectTimeout: '7s' } });
    const { headers } = await edge.ask('GET /v1/discovery-chain/web');
    expect(Number(headers['x-consul-index'])).toBeGreaterThan(0);
    expect((await edge.ask('GET /v1/discovery-chain/web')).text).toContain('"ConnectTimeout":"7s"');
    const overridden = await edge.ask('POST /v1/discovery-chain/web', { body: { OverrideProtocol: 'http' } });
    expect(overridden.json).toMatchObject({
      Chain: { Protocol: 'http', CustomizationHash: expect.stringMatching(/^[0-9a-f]{8}$/) },
    });
    expect((await edge.ask('GET /v1/discovery-chain/')).text).toBe('Missing chain name');
  });
});

describe('leaves', () => {
  const ca = (clock: ManualClock, asked: LeafRequest[]) => ({
    ready: Promise.resolve(),
    trustDomain: 'td.consul',
    issueLeaf(request: LeafRequest): IssuedLeaf {
      asked.push(request);
      return {
        certPem: `cert ${asked.length}\n`,
        privateKeyPem: `key ${asked.length}\n`,
        serialNumber: '0a0b',
        spiffeId: request.spiffeId,
        issuerKeyId: 'k',
        notBeforeMs: clock.now(),
        notAfterMs: clock.now() + 60_000,
        version: `v${asked.length}`,
      };
    },
    issueServer: () => expect.unreachable(),
    renewalOf: (leaf: IssuedLeaf) => leaf.notAfterMs - 20_000,
    renewalOfClaim: () => undefined,
  });

  test('are issued once, handed out again, and renewed before they expire', async () => {
    const clock = new ManualClock();
    const asked: LeafRequest[] = [];
    await edge.close();
    edge = await testEdge({ clock, ca: ca(clock, asked) });
    const first = await edge.ask('GET /v1/agent/connect/ca/leaf/web');
    expect(first.json).toMatchObject({
      SerialNumber: '0a:0b',
      CertPEM: 'cert 1\n',
      PrivateKeyPEM: 'key 1\n',
      Service: 'web',
      ServiceURI: 'spiffe://td.consul/ns/default/dc/dc1/svc/web',
      ValidAfter: '2023-11-14T22:13:20Z',
      ValidBefore: '2023-11-14T22:14:20Z',
    });
    const again = await edge.ask('GET /v1/agent/connect/ca/leaf/web');
    expect([again.headers['x-consul-index'], asked.length]).toEqual([first.headers['x-consul-index'], 1]);
    const waiting = edge.ask(`GET /v1/agent/connect/ca/leaf/web?index=${first.headers['x-consul-index']}&wait=10m`);
    await edge.ask('GET /v1/status/leader');
    clock.advance(40_000);
    const renewed = await waiting;
    expect(renewed.json).toMatchObject({ CertPEM: 'cert 2\n' });
    expect(Number(renewed.headers['x-consul-index'])).toBeGreaterThan(Number(first.headers['x-consul-index']));
  });

  test('are not issued for names that no certificate can carry', async () => {
    const clock = new ManualClock();
    const asked: LeafRequest[] = [];
    await edge.close();
    edge = await testEdge({ clock, ca: ca(clock, asked) });
    for (const name of ['', 'a%2Fb', '..%2f', 'a%20b', '*'])
      expect((await edge.ask(`GET /v1/agent/connect/ca/leaf/${name}`)).status).toBe(400);
    expect(asked).toEqual([]);
  });
});

describe('what the proxies have', () => {
  const proxy: ProxyDetail = {
    node: 'n1',
    proxyId: 'web-sidecar-proxy',
    service: 'web',
    connected: true,
    connectedAt: '2026-01-01T00:00:00.000Z',
    disconnectedAt: '',
    protocol: 'delta',
    userAgent: 'envoy',
    version: '1.40.0',
    tested: true,
    remoteAddress: '127.0.0.1',
    encrypted: false,
    pending: true,
    acceptedIndex: 7,
    counts: { cluster: 1, endpoint: 0, secret: 0, extension: 0, listener: 0, route: 0 },
    refused: 1,
    revocationPending: { index: 9, acceptedAt: '', endsAt: '', reason: 'the drain time is not ours' },
    resources: [
      {
        type: 'cluster',
        name: 'db',
        progress: 'refused',
        wantedVersion: 'b',
        sentVersion: 'b',
        acceptedVersion: 'a',
        entries: ['service-defaults/db'],
        refusal: { version: 'b', error: 'bad cluster', at: '2026-01-01T00:00:00.000Z', index: 8 },
      },
    ],
    problems: [],
  };

  test('is listed, and told in full for one proxy', async () => {
    await edge.close();
    const get = (node: string, id: string) => (node === 'n1' && id === proxy.proxyId ? proxy : undefined);
    edge = await testEdge({ propagation: { list: () => [proxy], get } });
    expect(await edge.get('GET /v1/mesh/proxies')).toMatchObject([
      {
        Node: 'n1',
        ProxyID: 'web-sidecar-proxy',
        Refused: 1,
        RevocationPending: { Index: 9, Reason: 'the drain time is not ours' },
      },
    ]);
    expect(await edge.get('GET /v1/mesh/proxies/n1/web-sidecar-proxy')).toMatchObject({
      Resources: [
        { Type: 'cluster', Name: 'db', Refusal: { Error: 'bad cluster', Index: 8 }, Entries: ['service-defaults/db'] },
      ],
    });
    expect((await edge.ask('GET /v1/mesh/proxies/n1/none')).status).toBe(404);
  });
});
