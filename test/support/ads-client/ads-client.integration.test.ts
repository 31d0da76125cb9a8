import { afterEach, describe, expect, it } from 'vitest';
import { type Asked, ScriptedAdsServer, packed } from '../ads-server/index.js';
import { AdsClient, type AdsClientOptions } from './ads-client.js';
import type { AnyMessage } from './message-types.js';

const overAds = { resource_api_version: 2, ads: {} };
const fetched = (type: string, fields: object) => {
  const inner = packed(type, fields);
  return { config_source: overAds, type_urls: [inner.type_url], default_config: inner };
};

const tcpRbac = 'envoy.extensions.filters.network.rbac.v3.RBAC';
const httpRbac = 'envoy.extensions.filters.http.rbac.v3.RBAC';
const hcm = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const tcpRules = { stat_prefix: 'x', rules: {} };

const extension = (name: string, type: string, fields: object) =>
  packed('envoy.config.core.v3.TypedExtensionConfig', { name, typed_config: packed(type, fields) });

/** An HTTP connection manager whose filters are all fetched. */
const manager = (routes: string, ...names: string[]) => ({
  stat_prefix: 'x',
  ...(routes ? { rds: { config_source: overAds, route_config_name: routes } } : { route_config: {} }),
  http_filters: names.map((name) => ({ name, config_discovery: fetched(httpRbac, { rules: {} }) })),
});

const listener = (...filters: object[]) =>
  packed('envoy.config.listener.v3.Listener', { name: 'public', filter_chains: [{ filters }] });
const viaAds = (name: string, type: string, fields: object) => ({ name, config_discovery: fetched(type, fields) });
const inline = (name: string, type: string, fields: object) => ({ name, typed_config: packed(type, fields) });

const open: { close(): Promise<void> }[] = [];
async function begin(options: Partial<AdsClientOptions> = {}) {
  const server = await ScriptedAdsServer.start();
  const client = new AdsClient({
    address: server.address,
    nodeId: 'p',
    quietMs: 100,
    maxMs: 3000,
    firstMs: 1000,
    ...options,
  });
  open.push(client, server);
  const expectAsked = async (want: Partial<Asked>) => {
    const all = { names: [], minus: [], nonce: '', refused: false, ...want };
    expect(await server.next()).toEqual(all);
  };
  // Requests of different types are not held in an order among each other.
  const expectAskedInAnyOrder = async (...wants: readonly Partial<Asked>[]) => {
    const asked = [];
    for (const _want of wants) asked.push(await server.next());
    expect(asked).toHaveLength(wants.length);
    for (const want of wants)
      expect(asked).toContainEqual({ names: [], minus: [], nonce: '', refused: false, ...want });
  };
  return { server, client, expectAsked, expectAskedInAnyOrder };
}

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe('the test xDS client over delta ADS', () => {
  it('asks for what resources name, before it acknowledges them, and gives up what nothing names any more', async () => {
    const { server, client, expectAsked, expectAskedInAnyOrder } = await begin();
    await expectAsked({ kind: 'clusters' });
    server.answer('clusters', '1');
    await expectAskedInAnyOrder({ kind: 'clusters', nonce: '1' }, { kind: 'listeners' });

    server.answer('listeners', '2', [
      listener(viaAds('tcp', tcpRbac, tcpRules), inline('hcm', hcm, manager('', 'http', 'never'))),
    ]);
    await expectAsked({ kind: 'extensions', names: ['http', 'never', 'tcp'] });
    await expectAsked({ kind: 'listeners', nonce: '2' });
    server.answer('extensions', '3', [extension('tcp', tcpRbac, tcpRules), extension('http', httpRbac, { rules: {} })]);
    await expectAsked({ kind: 'extensions', nonce: '3' });
    let dump = await client.dump();
    expect(Object.keys(dump.resources.extensions).sort()).toEqual(['http', 'tcp']);
    expect(dump.unanswered).toEqual({ extensions: ['never'] });

    server.answer('listeners', '4', [listener(viaAds('tcp', tcpRbac, tcpRules), viaAds('hcm', hcm, manager('')))]);
    await expectAsked({ kind: 'extensions', names: ['hcm'], minus: ['http', 'never'] });
    await expectAsked({ kind: 'listeners', nonce: '4' });

    // A filter that comes this way names routes and filters of its own.
    server.answer('extensions', '5', [extension('hcm', hcm, manager('r', 'inner'))]);
    await expectAsked({ kind: 'routes', names: ['r'] });
    await expectAsked({ kind: 'extensions', names: ['inner'] });
    await expectAsked({ kind: 'extensions', nonce: '5' });
    server.answer('extensions', '6', [extension('inner', httpRbac, { rules: {} })]);
    await expectAsked({ kind: 'extensions', nonce: '6' });
    server.answer('routes', '7', [packed('envoy.config.route.v3.RouteConfiguration', { name: 'r' })]);
    await expectAsked({ kind: 'routes', nonce: '7' });
    dump = await client.dump();
    expect(Object.keys(dump.resources.extensions).sort()).toEqual(['hcm', 'inner', 'tcp']);
    expect(dump.unanswered).toEqual({});

    // Taken away: with the outer filter the inner one is no longer wanted.
    server.answer('extensions', '8', [], ['hcm']);
    await expectAsked({ kind: 'routes', minus: ['r'] });
    await expectAsked({ kind: 'extensions', minus: ['inner'] });
    await expectAsked({ kind: 'extensions', nonce: '8' });
    dump = await client.dump();
    expect(Object.keys(dump.resources.extensions)).toEqual(['tcp']);
    expect(dump.unanswered).toEqual({ extensions: ['hcm'] });
    expect(dump.problems).toEqual([]);
    expect(server.unseen()).toEqual([]);
  });

  it('refuses what breaks a rule of the API and says which', async () => {
    const { server, client, expectAsked, expectAskedInAnyOrder } = await begin();
    await expectAsked({ kind: 'clusters' });
    server.answer('clusters', '1', [
      packed('envoy.config.cluster.v3.Cluster', { name: 'c', connect_timeout: { seconds: 0 } }),
    ]);
    await expectAskedInAnyOrder({ kind: 'clusters', nonce: '1', refused: true }, { kind: 'listeners' });
    expect((await client.dump()).problems).toEqual([
      'clusters: c breaks a rule of the API: Cluster.connect_timeout: value must be gt 0',
    ]);
  });

  it('notes a nonce that comes twice, a resource under another name and a cluster that is named before it is there', async () => {
    const { server, client, expectAsked } = await begin();
    await expectAsked({ kind: 'clusters' });
    const cluster = (name: string): AnyMessage => packed('envoy.config.cluster.v3.Cluster', { name });
    server.answerRaw({
      type_url: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
      nonce: '1',
      resources: [{ name: 'other', version: '', resource: cluster('c') }],
    });
    await expectAsked({ kind: 'clusters', nonce: '1' });
    await expectAsked({ kind: 'listeners' });
    const proxy = inline('tcp', 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      stat_prefix: 'x',
      cluster: 'missing',
    });
    server.answer('listeners', '1', [listener(proxy)]);
    await expectAsked({ kind: 'listeners', nonce: '1' });
    server.answer('clusters', '2', [], ['missing']);
    await expectAsked({ kind: 'clusters', nonce: '2' });
    const { problems, responses } = await client.dump();
    expect(problems).toEqual([
      'clusters: "missing" is removed while listeners public still names it',
      'clusters: resource called "other" holds the name "c"',
      'clusters: resource without a version',
      'listeners: nonce used twice',
      'listeners: public names the cluster "missing" before it is there',
    ]);
    expect(responses).toEqual([
      { phase: 0, kind: 'clusters', names: ['other'] },
      { phase: 0, kind: 'listeners', names: ['public'] },
      { phase: 0, kind: 'clusters', names: [], removed: ['missing'] },
    ]);
  });

  it('asks for listeners only when the endpoints and secrets of clusters came', async () => {
    const { server, expectAsked } = await begin({ quietMs: 400 });
    await expectAsked({ kind: 'clusters' });
    server.answer('clusters', '1', [
      packed('envoy.config.cluster.v3.Cluster', {
        name: 'c',
        type: 'EDS',
        eds_cluster_config: { eds_config: overAds },
      }),
    ]);
    await expectAsked({ kind: 'endpoints', names: ['c'] });
    await expectAsked({ kind: 'clusters', nonce: '1' });
    server.answer('endpoints', '2', [packed('envoy.config.endpoint.v3.ClusterLoadAssignment', { cluster_name: 'c' })]);
    await expectAsked({ kind: 'endpoints', nonce: '2' });
    await expectAsked({ kind: 'listeners' });
  });

  it('sends its token, tries again when the stream ends, and says so', async () => {
    const { server, client, expectAsked } = await begin({ token: 'secret', quietMs: 50, firstMs: 100 });
    await expectAsked({ kind: 'clusters' });
    expect(server.token).toBe('secret');
    server.endStream(5, 'no such proxy');
    await expectAsked({ kind: 'clusters' });
    const dump = await client.dump();
    expect(dump.problems).toEqual(['stream ended: NotFound']);
    expect(dump.error).toBe('NotFound: no such proxy');
    expect(dump.streams).toBe(2);
  });
});

describe('the test xDS client over state of the world', () => {
  it('repeats all names it wants and takes what a whole answer lacks as gone', async () => {
    const { server, client, expectAsked } = await begin({ stateOfTheWorld: true });
    await expectAsked({ kind: 'clusters' });
    server.answer('clusters', '1', [packed('envoy.config.cluster.v3.Cluster', { name: 'c' })]);
    await expectAsked({ kind: 'clusters', nonce: '1' });
    await expectAsked({ kind: 'listeners' });
    server.answer('listeners', '2', [
      listener(viaAds('tcp', tcpRbac, tcpRules), inline('hcm', hcm, manager('', 'http', 'never'))),
    ]);
    await expectAsked({ kind: 'extensions', names: ['http', 'never', 'tcp'] });
    await expectAsked({ kind: 'listeners', nonce: '2' });
    server.answer('extensions', '3', [extension('tcp', tcpRbac, tcpRules), extension('http', httpRbac, { rules: {} })]);
    await expectAsked({ kind: 'extensions', nonce: '3', names: ['http', 'never', 'tcp'] });
    server.answer('listeners', '4', [listener(inline('hcm', hcm, manager('', 'http', 'more')))]);
    await expectAsked({ kind: 'extensions', nonce: '3', names: ['http', 'more'] });
    await expectAsked({ kind: 'listeners', nonce: '4' });
    server.answer('clusters', '5');
    await expectAsked({ kind: 'clusters', nonce: '5' });
    const dump = await client.dump();
    expect(dump.mode).toBe('sotw');
    expect(Object.keys(dump.resources.clusters)).toEqual([]);
    expect(dump.unanswered).toEqual({ extensions: ['more'] });
    expect(dump.problems).toEqual([]);
  });
});
