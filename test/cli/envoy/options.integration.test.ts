import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeAgent, startFakeAgent } from '../support/fake-agent.js';
import { run } from '../support/run.js';

const PEM = '-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n';

let agent: FakeAgent;
let folder: string;
let config: Record<string, unknown>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meshwright-options-'));
  config = {};
  const proxy = () => ({
    ID: 'web-proxy',
    Kind: 'connect-proxy',
    Service: 'web-proxy',
    Proxy: { DestinationServiceName: 'web', DestinationServiceID: 'web', Config: config },
  });
  agent = await startFakeAgent((request) => {
    if (request.path === '/v1/agent/services') return { body: { 'web-proxy': proxy() } };
    if (request.path === '/v1/agent/service/web-proxy') return { body: proxy() };
    if (request.path === '/v1/agent/self')
      return { body: { Config: { Datacenter: 'dc1' }, xDS: { Ports: { Plaintext: 8502 } } } };
    if (request.path.startsWith('/v1/catalog/node-services/'))
      return { body: { Node: { Node: 'vm' }, Services: [proxy()] } };
    return undefined;
  });
});
afterEach(async () => {
  await agent.close();
  rmSync(folder, { recursive: true });
});

const print = async (flags: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const result = await run(['connect', 'envoy', '-bootstrap', '-proxy-id', 'web-proxy', ...flags], {
    env: { CONSUL_HTTP_ADDR: agent.address, ...env },
    cwd: folder,
  });
  // oxlint-disable-next-line typescript/no-explicit-any -- bootstraps are looked at by path
  const json: any = result.code === 0 ? JSON.parse(result.out) : undefined;
  return { ...result, json };
};

describe('flags of connect envoy', () => {
  test('say where metrics are scraped, and of whom', async () => {
    config = { envoy_prometheus_bind_addr: '0.0.0.0:9102' };
    const { json } = await print(['-prometheus-scrape-path', '/m', '-prometheus-backend-port', '20100']);
    const text = JSON.stringify(json.static_resources);
    expect(text).toContain('"path":"/m"');
    expect(text).toContain('"cluster":"prometheus_backend"');
    expect(text).toContain('"port_value":20100');
  });

  test('say with which certificates, and whose', async () => {
    config = { envoy_prometheus_bind_addr: '0.0.0.0:9102' };
    writeFileSync(join(folder, 'ca.pem'), PEM);
    const tls = ['-prometheus-cert-file', '/c.pem', '-prometheus-key-file', '/k.pem'];
    const contextOf = async (...more: readonly string[]) =>
      (await print([...tls, ...more])).json.static_resources.listeners[0].filter_chains[0].transport_socket
        .typed_config;
    expect(await contextOf()).toEqual({
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: {
        tls_certificates: [{ certificate_chain: { filename: '/c.pem' }, private_key: { filename: '/k.pem' } }],
      },
    });
    expect(await contextOf('-prometheus-ca-file', '/ca.pem')).toMatchObject({
      common_tls_context: { validation_context: { trusted_ca: { filename: '/ca.pem' } } },
      require_client_certificate: true,
    });
    expect(await contextOf('-prometheus-ca-path', '.')).toMatchObject({
      common_tls_context: { validation_context: { trusted_ca: { inline_string: PEM } } },
      require_client_certificate: true,
    });
  });

  test('open a listener for readiness probes', async () => {
    const { json } = await print(['-envoy-ready-bind-address', 'localhost', '-envoy-ready-bind-port', '9104']);
    expect(json.static_resources.listeners).toMatchObject([
      {
        name: 'envoy_ready_listener',
        address: { socket_address: { address: '127.0.0.1', port_value: 9104 } },
      },
    ]);
  });

  test('say where the admin interface is and logs', async () => {
    const { json } = await print(['-admin-bind', 'localhost:19005', '-admin-access-log-path', '/tmp/admin.log']);
    expect(json.admin).toMatchObject({
      access_log: [{ typed_config: { path: '/tmp/admin.log' } }],
      address: { socket_address: { address: '127.0.0.1', port_value: 19_005 } },
    });
  });

  test('leave central configuration out', async () => {
    const asked = async (...flags: readonly string[]) => {
      expect((await print(['-node-name', 'vm', ...flags])).code).toBe(0);
      return agent.seen.map(({ url }) => url).findLast((url) => url.startsWith('/v1/catalog/'));
    };
    expect(await asked()).toBe('/v1/catalog/node-services/vm?merge-central-config');
    expect(await asked('-no-central-config')).toBe('/v1/catalog/node-services/vm');
  });

  test('leave the older spelling of tags out', async () => {
    const tagsOf = async (...flags: readonly string[]) =>
      (await print(flags)).json.stats_config.stats_tags.map((tag: { tag_name: string }) => tag.tag_name);
    expect(await tagsOf()).toContain('consul.service');
    expect(await tagsOf('-omit-deprecated-tags')).not.toContain('consul.service');
  });

  test.each([
    [['-prometheus-cert-file', '/c.pem'], /-prometheus-cert-file and -prometheus-key-file must be given together/],
    [['-prometheus-ca-file', '/c.pem'], /are for metrics over TLS: give -prometheus-cert-file/],
    [['-prometheus-cert-file', 'c', '-prometheus-key-file', 'k', '-prometheus-ca-path', '.'], /no certificate in \./],
    [['-prometheus-cert-file', 'c', '-prometheus-key-file', 'k', '-prometheus-ca-path', 'x'], /Error reading the CA/],
    [['-prometheus-scrape-path', 'metrics'], /-prometheus-scrape-path must start with \//],
    [['-envoy-ready-bind-port', '9104'], /must be given together/],
  ])('%j is refused', async (flags, message) => {
    const { code, err } = await print(flags);
    expect([code === 0, message.test(err)]).toEqual([false, true]);
  });

  test('a port for merged metrics that is none is refused', async () => {
    config = { envoy_prometheus_bind_addr: '0.0.0.0:9102' };
    const { code, err } = await print(['-prometheus-backend-port', 'x']);
    expect([code, err]).toEqual([1, expect.stringContaining('-prometheus-backend-port must be between 1 and 65535')]);
  });
});

describe('variables of the host in addresses', () => {
  test.each([
    ['envoy_statsd_url', 'udp://$HOST_IP:9125'],
    ['envoy_dogstatsd_url', 'udp://${HOST_IP}:9125'],
    ['envoy_prometheus_bind_addr', '$HOST_IP:9125'],
    ['envoy_stats_bind_addr', '$HOST_IP:9125'],
    ['envoy_ready_bind_addr', '$HOST_IP:9125'],
  ])('%s takes its value', async (key, value) => {
    config = { [key]: value };
    const { json } = await print([], { HOST_IP: '10.9.8.7' });
    expect(JSON.stringify(json)).toContain('"address":"10.9.8.7","port_value":9125');
  });

  test('one that is not set is named', async () => {
    config = { envoy_statsd_url: 'udp://$HOST_IP:9125' };
    const { code, err } = await print([]);
    expect([code, err]).toEqual([1, expect.stringContaining('the variable HOST_IP is not in the environment')]);
  });
});
