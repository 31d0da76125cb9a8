import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ScenarioMesh } from './support/scenario-mesh.js';

const CLUSTER = 'near.default.dc1.query.11111111-2222-3333-4444-555555555555.consul';
const LISTENER = 'prepared_query:near:127.0.0.1:8181';

const front = {
  service: {
    Kind: 'connect-proxy',
    ID: 'front-proxy',
    Name: 'front-proxy',
    Port: 21_000,
    Proxy: {
      DestinationServiceName: 'front',
      LocalServicePort: 8080,
      Upstreams: [{ DestinationType: 'prepared_query', DestinationName: 'near', LocalBindPort: 8181 }],
    },
  },
};
const stock = (node: string, status: string) => ({
  catalog: {
    Node: node,
    Address: '10.0.0.9',
    Service: {
      ID: 'stock-proxy',
      Service: 'stock-proxy',
      Kind: 'connect-proxy',
      Port: 21_020,
      Proxy: { DestinationServiceName: 'stock' },
    },
    Checks: [{ Node: node, CheckID: 'c', ServiceID: 'stock-proxy', Status: status }],
  },
});
const query = { query: { Name: 'near', Service: { Service: 'stock', OnlyPassing: true } } };

// oxlint-disable-next-line typescript/no-explicit-any -- messages are looked at by path
type Message = any;

describe('an upstream that is a prepared query', () => {
  let mesh: ScenarioMesh;
  beforeEach(async () => {
    mesh = await ScenarioMesh.start();
    await mesh.step(front);
  });
  afterEach(() => mesh.stop());

  const told = (): Record<'clusters' | 'endpoints' | 'listeners', Record<string, Message>> =>
    mesh.tell('front-proxy').resources;
  const hosts = () => (told().endpoints[CLUSTER]?.endpoints[0].lb_endpoints ?? []).length;
  const matchers = () =>
    told().clusters[CLUSTER].transport_socket.typed_config.common_tls_context.combined_validation_context
      .default_validation_context.match_typed_subject_alt_names;

  test('is there before the query is, reaches nothing, and says so', async () => {
    expect(hosts()).toBe(0);
    expect(mesh.needs('front-proxy')).toMatchObject({
      problems: [expect.stringContaining('there is no prepared query "near"')],
    });
    const listener = told().listeners[LISTENER];
    await mesh.step(stock('n2', 'passing'));
    await mesh.step(query);
    expect(told().listeners[LISTENER]).toEqual(listener);
    expect([hosts(), mesh.needs('front-proxy').problems]).toEqual([1, []]);
    expect(matchers()).toEqual([
      {
        san_type: 'URI',
        matcher: { exact: 'spiffe://11111111-2222-3333-4444-555555555555.consul/ns/default/dc/dc1/svc/stock' },
      },
    ]);
  });

  test('follows the health of what it finds, without a change of its cluster', async () => {
    await mesh.step(query);
    await mesh.step(stock('n2', 'passing'));
    await mesh.step(stock('n3', 'passing'));
    const cluster = told().clusters[CLUSTER];
    expect(hosts()).toBe(2);
    await mesh.step(stock('n2', 'warning'));
    expect(hosts()).toBe(1);
    expect(told().clusters[CLUSTER]).toEqual(cluster);
  });

  test('ends connections of before when access to what it finds is taken away', async () => {
    await mesh.step(query);
    const allow = (action: string) => ({
      config: { Kind: 'service-intentions', Name: 'stock', Sources: [{ Name: 'front', Action: action }] },
    });
    await mesh.step(allow('allow'));
    const before = told().listeners[LISTENER];
    expect(before.filter_chains[0].metadata).toBeUndefined();
    await mesh.step(allow('deny'));
    expect(told().listeners[LISTENER].filter_chains[0].metadata.filter_metadata.meshwright.epoch).toBeGreaterThan(0);
  });
});
