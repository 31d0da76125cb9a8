import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeAgent, type FakeAnswer, type SeenRequest, startFakeAgent } from '../support/fake-agent.js';
import { run } from '../support/run.js';

const sidecar = (id: string, of: string) => ({
  ID: id,
  Kind: 'connect-proxy',
  Service: `${of}-sidecar-proxy`,
  Proxy: { DestinationServiceName: of, DestinationServiceID: of, Config: {} as Record<string, unknown> },
});
const WEB = sidecar('web-sidecar-proxy', 'web');
const ROOTS = {
  ActiveRootID: 'r',
  TrustDomain: '1111.consul',
  Roots: [{ RootCert: '-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n' }],
};

let agent: FakeAgent;
let services: Record<string, object>;
let ports: object;
let more: (request: SeenRequest) => FakeAnswer | undefined;
beforeEach(async () => {
  services = { web: { ID: 'web', Kind: '', Service: 'web' }, [WEB.ID]: WEB };
  ports = { Plaintext: 8502, TLS: 8503 };
  more = () => undefined;
  agent = await startFakeAgent((request) => {
    const id = /^\/v1\/agent\/service\/(.+)$/.exec(request.path)?.[1];
    if (request.path === '/v1/agent/services') return { body: services };
    if (request.path === '/v1/agent/self') return { body: { Config: { Datacenter: 'dc7' }, xDS: { Ports: ports } } };
    if (request.path === '/v1/connect/ca/roots' || request.path === '/v1/agent/connect/ca/roots')
      return { body: ROOTS };
    if (id !== undefined)
      return services[id] === undefined ? { status: 404, body: `unknown service ID: ${id}` } : { body: services[id] };
    return more(request);
  });
});
afterEach(() => agent.close());

const bootstrap = async (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const result = await run(['connect', 'envoy', '-bootstrap', ...argv], {
    env: { CONSUL_HTTP_ADDR: agent.address, ...env },
  });
  return { ...result, json: (result.code === 0 ? JSON.parse(result.out) : {}) as Bootstrap };
};

interface Bootstrap {
  readonly node: { readonly id: string; readonly cluster: string; readonly metadata: object };
  readonly admin: { readonly address: object };
  readonly static_resources: { readonly clusters: readonly object[] };
}
const xdsOf = ({ static_resources }: Bootstrap) => JSON.stringify(static_resources.clusters[0]);

describe('which proxy', () => {
  test('-sidecar-for finds the only sidecar of a service', async () => {
    expect((await bootstrap(['-sidecar-for', 'web'])).json.node).toMatchObject({
      id: 'web-sidecar-proxy',
      cluster: 'web',
    });
    expect((await bootstrap([], { CONNECT_SIDECAR_FOR: 'web' })).json.node).toMatchObject({ id: 'web-sidecar-proxy' });
  });

  test('none, or several, is said with what to do', async () => {
    expect(await bootstrap(['-sidecar-for', 'db'])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/No sidecar proxy registered for db; register .*sidecar_service/),
    });
    services['other'] = sidecar('other', 'web');
    expect((await bootstrap(['-sidecar-for', 'web'])).err).toContain(
      'More than one sidecar proxy registered for web; start one with -proxy-id: web-sidecar-proxy, other',
    );
    expect((await bootstrap([])).err).toBe(
      'No proxy ID specified. One of -proxy-id, -sidecar-for, or -gateway is required\n',
    );
  });

  test('-proxy-id takes what it is given, if it is a proxy', async () => {
    expect((await bootstrap(['-proxy-id=web-sidecar-proxy'])).json.node.id).toBe('web-sidecar-proxy');
    expect((await bootstrap(['-proxy-id=web'])).err).toContain(
      'the service "web" is not a proxy; give the ID of its sidecar',
    );
    expect((await bootstrap(['-proxy-id=none'])).err).toContain(
      'the agent has no proxy "none"; register it first, or give -node-name',
    );
  });

  test('-node-name looks into the catalog, and names the node', async () => {
    more = ({ url }) =>
      url === '/v1/catalog/node-services/vm-1?merge-central-config'
        ? { body: { Node: { Node: 'vm-1' }, Services: [sidecar('far', 'db')] } }
        : { body: { Node: null, Services: [] } };
    expect((await bootstrap(['-proxy-id=far', '-node-name=vm-1'])).json.node).toMatchObject({
      id: 'far',
      cluster: 'db',
      metadata: { node_name: 'vm-1' },
    });
    expect((await bootstrap(['-proxy-id=far', '-node-name=vm-2'])).err).toContain('the catalog has no node "vm-2"');
  });

  test('-gateway finds the only gateway of a kind', async () => {
    services['gw'] = { ID: 'gw', Kind: 'mesh-gateway', Service: 'gate' };
    expect((await bootstrap(['-gateway=mesh'])).json.node).toMatchObject({ id: 'gw', cluster: 'gate' });
    expect((await bootstrap(['-gateway=ingress'])).err).toContain('no ingress-gateway is registered');
    expect((await bootstrap(['-gateway=odd'])).err).toContain(
      'Gateway must be one of: api, ingress, mesh, terminating',
    );
  });
});

describe('where xDS is', () => {
  test('on this host in plaintext, without a CA', async () => {
    const { json } = await bootstrap(['-sidecar-for=web']);
    expect(xdsOf(json)).toContain('{"address":"127.0.0.1","port_value":8502}');
    expect(xdsOf(json)).not.toContain('transport_socket');
  });

  test('over TLS with the roots of the agent when only that port is open', async () => {
    ports = { Plaintext: -1, TLS: 8503 };
    const xds = xdsOf((await bootstrap(['-sidecar-for=web'])).json);
    expect(xds).toContain('"port_value":8503');
    expect(xds).toContain('BEGIN CERTIFICATE');
    expect(xds).toContain('"prefix":"spiffe://1111.consul/agent/"');
  });

  test.each([
    ['127.0.0.1:18502', '"port_value":18502', false],
    ['10.1.2.3:8503', '"address":"10.1.2.3","port_value":8503', true],
    ['https://10.1.2.3:9000', '"port_value":9000', true],
    ['http://10.1.2.3:8503', '"port_value":8503', false],
    ['unix:///run/xds.sock', '"pipe":{"path":"/run/xds.sock"}', false],
    ['[::1]:8502', '"address":"::1","port_value":8502', false],
  ])('-grpc-addr %s', async (address, shown, isSecure) => {
    const xds = xdsOf((await bootstrap(['-sidecar-for=web', `-grpc-addr=${address}`])).json);
    expect(xds).toContain(shown);
    expect(xds.includes('transport_socket')).toBe(isSecure);
    expect(xdsOf((await bootstrap(['-sidecar-for=web'], { CONSUL_GRPC_ADDR: address })).json)).toBe(xds);
  });

  test('no port at all, and an address that is none', async () => {
    ports = { Plaintext: -1, TLS: -1 };
    expect((await bootstrap(['-sidecar-for=web'])).err).toContain(
      'the agent serves no xDS: start it with -grpc-port 8502',
    );
    expect((await bootstrap(['-sidecar-for=web', '-grpc-addr=a b:c'])).err).toContain('"a b:c" is not an xDS address');
  });

  test('an agent on another host is reached over TLS, since it gives no keys in plaintext', async () => {
    const { chooseXdsTarget } = await import('../../../src/cli/envoy/xds-address.js');
    const facts = { datacenter: 'dc1', plaintextPort: 8502, tlsPort: 8503 };
    expect(chooseXdsTarget('', '10.0.0.9', facts, false)).toEqual({
      address: { type: 'tcp', host: '10.0.0.9', port: 8503 },
      secure: true,
    });
    expect(chooseXdsTarget('', 'localhost', facts, false)).toEqual({
      address: { type: 'tcp', host: '127.0.0.1', port: 8502 },
      secure: false,
    });
  });
});

describe('other flags', () => {
  test('the drain time is told only when it is ours to decide', async () => {
    expect((await bootstrap(['-sidecar-for=web'])).json.node.metadata).not.toHaveProperty('meshwright_drain_time_s');
    expect((await bootstrap(['-sidecar-for=web', '-drain-time-s=4'])).json.node.metadata).toHaveProperty(
      'meshwright_drain_time_s',
      '4',
    );
    expect((await bootstrap(['-sidecar-for=web', '--', '--drain-time-s', '9'])).json.node.metadata).toHaveProperty(
      'meshwright_drain_time_s',
      '9',
    );
  });

  test('-admin-bind', async () => {
    expect((await bootstrap(['-sidecar-for=web', '-admin-bind=localhost:19005'])).json.admin.address).toEqual({
      socket_address: { address: '127.0.0.1', port_value: 19005 },
    });
    expect((await bootstrap(['-sidecar-for=web', '-admin-bind=19005'])).err).toContain(
      '-admin-bind: "19005" must be written ADDRESS:PORT',
    );
  });

  test("variables of the host in the proxy's configuration", async () => {
    WEB.Proxy.Config['envoy_statsd_url'] = 'udp://$HOST_IP:9125';
    try {
      expect((await bootstrap(['-sidecar-for=web'], { HOST_IP: '10.9.8.7' })).out).toContain('"address": "10.9.8.7"');
    } finally {
      delete WEB.Proxy.Config['envoy_statsd_url'];
    }
  });

  test('a configuration that gives no bootstrap is refused by key', async () => {
    WEB.Proxy.Config['envoy_tracing_json'] = '{';
    try {
      expect(await bootstrap(['-sidecar-for=web'])).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringContaining('envoy_tracing_json'),
      });
    } finally {
      delete WEB.Proxy.Config['envoy_tracing_json'];
    }
  });
});
