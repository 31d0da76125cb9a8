import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../state/support/manual-clock.js';
import { type TestEdge, testEdge } from './support/test-edge.js';

let edge: TestEdge;
let clock: ManualClock;
beforeEach(async () => {
  clock = new ManualClock();
  edge = await testEdge({ clock });
});
afterEach(() => edge.close());

const register = (node: string, service: Record<string, unknown> = {}) =>
  edge.ask('PUT /v1/catalog/register', {
    body: { Node: node, Address: '10.0.0.1', Service: { ID: 'web', Service: 'web', Port: 80, ...service } },
  });
const place = async (node: string, x: number) => {
  const body = { Node: node, Coord: { Vec: [x, 0, 0, 0, 0, 0, 0, 0], Error: 0.5, Height: 0.001, Adjustment: 0 } };
  const answer = await edge.ask('PUT /v1/coordinate/update', { body });
  clock.advance(1000);
  // The batch is written in a turn of its own.
  await new Promise((resolve) => setImmediate(resolve));
  return answer;
};

describe('coordinates', () => {
  test('of a node of the catalog are stored in a batch, and go with the node', async () => {
    await register('a');
    expect((await edge.ask('GET /v1/coordinate/node/a')).status).toBe(404);
    expect(await place('a', 0.001)).toMatchObject({ status: 200, text: '' });
    expect(await edge.get('GET /v1/coordinate/node/A')).toEqual([
      {
        Node: 'a',
        Segment: '',
        Coord: { Vec: [0.001, 0, 0, 0, 0, 0, 0, 0], Error: 0.5, Adjustment: 0, Height: 0.001 },
      },
    ]);
    expect((await edge.ask('GET /v1/coordinate/node/a?segment=x')).status).toBe(404);
    await edge.ask('PUT /v1/catalog/deregister', { body: { Node: 'a' } });
    expect((await edge.ask('GET /v1/coordinate/node/a')).status).toBe(404);
  });

  test('of unknown nodes are accepted and forgotten', async () => {
    expect((await place('ghost', 0)).status).toBe(200);
    expect(await edge.get('GET /v1/coordinate/nodes')).toEqual([]);
  });

  test.each([
    [{ Node: 'a', Coord: { Vec: [1], Error: 0.5 } }, /incompatible coordinate/],
    [{ Node: 'a', Coord: { Vec: [0, 0, 0, 0, 0, 0, 0, 1e9] } }, /Vec must be between/],
    [{ Node: 'a', Coord: { Vec: 'x' } }, /must be a number/],
    [{ Coord: { Vec: [0, 0, 0, 0, 0, 0, 0, 0] } }, /Node/],
    ['{', /Request decode failed/],
  ])('%j is refused', async (body, problem) => {
    const answer = await edge.ask('PUT /v1/coordinate/update', { body });
    expect([answer.status, problem.test(answer.text)]).toEqual([400, true]);
  });

  test('decide the order of what is asked for near a node; who is nowhere comes last', async () => {
    for (const [node, x] of [
      ['far', 0.09],
      ['mid', 0.03],
      ['close', 0.01],
    ] as const) {
      await register(node);
      await place(node, x);
    }
    await register('nowhere');
    await register('here');
    await place('here', 0.011);
    const order = ['here', 'close', 'mid', 'far', 'nowhere'];
    const names = (rows: unknown, pick: (row: never) => string) => (rows as never[]).map(pick);
    expect(
      names(await edge.get('GET /v1/catalog/nodes?near=HERE&filter=Node!=n1'), ({ Node }: { Node: string }) => Node),
    ).toEqual(order);
    expect(
      names(await edge.get('GET /v1/catalog/service/web?near=here'), ({ Node }: { Node: string }) => Node),
    ).toEqual(order);
    expect(
      names(
        await edge.get('GET /v1/health/service/web?near=here'),
        ({ Node }: { Node: { Node: string } }) => Node.Node,
      ),
    ).toEqual(order);
    await edge.ask('POST /v1/query', { body: { Name: 'q', Service: { Service: 'web', Near: 'here' } } });
    const found = (await edge.get('GET /v1/query/q/execute')) as { Nodes: { Node: { Node: string } }[] };
    expect(found.Nodes.map(({ Node }) => Node.Node)).toEqual(order);
    const unsorted = await edge.get('GET /v1/catalog/nodes?near=nobody');
    expect(unsorted).toEqual(await edge.get('GET /v1/catalog/nodes'));
  });

  test('can be switched off', async () => {
    const off = await testEdge({ config: { disableCoordinates: true } });
    for (const line of [
      'GET /v1/coordinate/datacenters',
      'GET /v1/coordinate/nodes',
      'GET /v1/coordinate/node/a',
      'PUT /v1/coordinate/update',
    ])
      expect(await off.ask(line)).toMatchObject({ status: 401, text: 'Coordinate support disabled' });
    await off.close();
  });
});

describe('the servers', () => {
  test('are this one, its own leader', async () => {
    expect(await edge.get('GET /v1/status/leader')).toBe('127.0.0.1:8300');
    expect(await edge.get('GET /v1/status/peers')).toEqual(['127.0.0.1:8300']);
    expect(await edge.get('GET /v1/operator/raft/configuration')).toMatchObject({
      Servers: [{ Node: 'n1', Address: '127.0.0.1:8300', Leader: true, Voter: true, ProtocolVersion: '3' }],
    });
  });

  test.each([
    ['DELETE /v1/operator/raft/peer', /Must specify either \?id/],
    ['DELETE /v1/operator/raft/peer?id=x&address=y', /only one of/],
    ['DELETE /v1/operator/raft/peer?id=x', /id "x" was not found in the Raft configuration/],
    ['DELETE /v1/operator/raft/peer?address=127.0.0.1:8300', /it is the only server/],
    ['POST /v1/operator/raft/transfer-leader', /the only server/],
    ['POST /v1/operator/raft/transfer-leader?id=x', /Failed to find raft server/],
  ])('%s is refused', async (line, problem) => {
    const answer = await edge.ask(line);
    expect([answer.status, problem.test(answer.text)]).toEqual([400, true]);
  });

  test('have no keys to encrypt with', async () => {
    const answer = await edge.ask('GET /v1/operator/keyring');
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('n1.dc1: Keyring is empty (encryption not enabled)');
    const bad = await edge.ask('POST /v1/operator/keyring', { body: { Key: 'b#d=' } });
    expect(bad.text).toContain('illegal base64 data at input byte 1');
    expect((await edge.ask('GET /v1/operator/keyring?relay-factor=6')).text).toContain('relay factor');
  });
});

describe('autopilot', () => {
  const configuration = async () =>
    (await edge.get('GET /v1/operator/autopilot/configuration')) as { ModifyIndex: number };

  test('has defaults until something is stored', async () => {
    expect(await configuration()).toEqual({
      CleanupDeadServers: true,
      LastContactThreshold: '200ms',
      MaxTrailingLogs: 250,
      MinQuorum: 0,
      ServerStabilizationTime: '10s',
      RedundancyZoneTag: '',
      DisableUpgradeMigration: false,
      UpgradeVersionTag: '',
      CreateIndex: 0,
      ModifyIndex: 0,
    });
  });

  test('is changed, with a condition if one is given', async () => {
    const put = (query: string, body: unknown) =>
      edge.ask(`PUT /v1/operator/autopilot/configuration${query}`, { body });
    expect((await put('?cas=7', { MaxTrailingLogs: 77 })).json).toBe(false);
    expect((await put('?cas=0', { MaxTrailingLogs: 77, LastContactThreshold: '1s' })).json).toBe(true);
    const stored = await configuration();
    expect(stored).toMatchObject({ MaxTrailingLogs: 77, LastContactThreshold: '1s', CleanupDeadServers: true });
    expect((await put(`?cas=${stored.ModifyIndex}`, { MinQuorum: 3 })).json).toBe(true);
    expect((await put('', { MaxTrailingLogs: -1 })).status).toBe(400);
    expect((await put('?cas=x', {})).status).toBe(400);
    expect((await put('', { Nonsense: 1 })).text).toContain('unknown field "Nonsense"');
  });

  test('finds the servers healthy, and answers 429 where one is not', async () => {
    expect(await edge.ask('GET /v1/operator/autopilot/health')).toMatchObject({
      status: 200,
      json: { Healthy: true, FailureTolerance: 0, Servers: [{ Name: 'n1', SerfStatus: 'alive', Healthy: true }] },
    });
    const { servers } = edge.deps;
    const [only] = servers();
    Object.assign(edge.deps, { servers: () => [only, { ...only, id: 'b', leader: false, lastContactMs: 900 }] });
    expect(await edge.ask('GET /v1/operator/autopilot/health')).toMatchObject({
      status: 429,
      json: { Healthy: false, FailureTolerance: 0 },
    });
    const full = { ...only, id: 'b', alarms: ['NOSPACE'], meta: { etcd_alarms: 'NOSPACE' } };
    Object.assign(edge.deps, { voters: () => [full] });
    expect(await edge.get('GET /v1/operator/autopilot/state')).toMatchObject({
      Healthy: false,
      Servers: { b: { Healthy: false, Meta: { etcd_alarms: 'NOSPACE' } } },
    });
    Object.assign(edge.deps, { voters: () => [] });
    expect(await edge.get('GET /v1/operator/autopilot/state')).toMatchObject({
      Healthy: false,
      Leader: only?.id,
      Voters: [only?.id, 'b'],
      Servers: { b: { Status: 'voter', LastContact: '900ms', Healthy: false } },
    });
  });
});

describe('usage', () => {
  test('counts services, instances and nodes, and tells proxies and servers apart', async () => {
    await register('a');
    await register('a', { ID: 'p', Service: 'web-p', Kind: 'connect-proxy', Proxy: { DestinationServiceName: 'web' } });
    await register('b', { ID: 'n', Service: 'nat', Connect: { Native: true } });
    const answer = await edge.ask('GET /v1/operator/usage');
    expect(answer.json).toMatchObject({
      Usage: {
        dc1: {
          Services: 3,
          ServiceInstances: 3,
          BillableServiceInstances: 2,
          // And the agent's own.
          Nodes: 3,
          ConnectServiceInstances: { 'connect-proxy': 1, 'connect-native': 1, 'mesh-gateway': 0 },
        },
      },
      Index: Number(answer.headers['x-consul-index']),
    });
  });
});
