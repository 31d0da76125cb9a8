import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/index.js';
import { mergeCentralConfig } from '../../../src/discovery/catalog/index.js';
import { writeConfigEntry } from '../../../src/discovery/config/index.js';
import { decodeServiceDefinition } from '../../../src/model/definitions/index.js';
import { decodeConfigEntry } from '../../../src/model/index.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../../src/state/index.js';

let store: StateStore;
beforeEach(async () => {
  store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
  await store.ready;
});
afterEach(() => store.close());

const write = (entry: object) => writeConfigEntry(store, decodeConfigEntry(entry));
const merged = (proxy: object) =>
  mergeCentralConfig(
    store.view,
    decodeServiceDefinition(
      { Name: 'web-proxy', Kind: 'connect-proxy', Port: 1, Proxy: { DestinationServiceName: 'web', ...proxy } },
      'api',
    ),
  ).proxy;
const upstream = { DestinationName: 'db', LocalBindPort: 1 };

describe('central configuration as it is shown', () => {
  test('leaves a service that is no proxy as it is', async () => {
    await write({ Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } });
    const service = decodeServiceDefinition({ Name: 'web', Port: 1 }, 'api');
    expect(mergeCentralConfig(store.view, service)).toBe(service);
  });

  test('ranks registration over service-defaults over proxy-defaults', async () => {
    await write({
      Kind: 'proxy-defaults',
      Name: 'global',
      Config: { protocol: 'http', a: 1, b: 1 },
      MeshGateway: { Mode: 'local' },
    });
    await write({ Kind: 'service-defaults', Name: 'web', Protocol: 'http2', MaxInboundConnections: 7 });
    expect(merged({ Config: { b: 2 } })).toMatchObject({
      config: { protocol: 'http2', a: 1, b: 2, max_inbound_connections: 7 },
      meshGateway: { mode: 'local' },
    });
    await write({ Kind: 'service-defaults', Name: 'web', Protocol: 'http2', MeshGateway: { Mode: 'remote' } });
    expect(merged({})?.meshGateway).toEqual({ mode: 'remote' });
    expect(merged({ MeshGateway: { Mode: 'none' } })?.meshGateway).toEqual({ mode: 'none' });
  });

  test('shows a transparent proxy the upstreams that service-defaults have settings for', async () => {
    await write({
      Kind: 'service-defaults',
      Name: 'web',
      TransparentProxy: { OutboundListenerPort: 15_002 },
      UpstreamConfig: {
        Overrides: [
          { Name: 'db', ConnectTimeoutMs: 7 },
          { Name: 'cache', Protocol: 'http' },
        ],
      },
    });
    const shown = merged({
      Mode: 'transparent',
      TransparentProxy: { DialedDirectly: true },
      Upstreams: [{ ...upstream, DestinationName: 'cache' }],
    });
    expect(shown?.transparentProxy).toEqual({ outboundListenerPort: 15_002, dialedDirectly: true });
    expect(shown?.upstreams).toMatchObject([
      { destinationName: 'cache', config: { protocol: 'http' } },
      { destinationName: 'db', centrallyConfigured: true, config: { connect_timeout_ms: 7 } },
    ]);
    expect(merged({ Mode: 'direct' })?.upstreams).toEqual([]);
  });

  test('ranks what is said about an upstream: its own registration, override, defaults, its service, all', async () => {
    const protocol = (proxy: object = {}): unknown =>
      merged({ Upstreams: [{ ...upstream, ...proxy }] })?.upstreams[0]?.config['protocol'];
    expect(protocol()).toBeUndefined();
    await write({ Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } });
    expect(protocol()).toBe('http');
    await write({ Kind: 'service-defaults', Name: 'db', Protocol: 'http2' });
    expect(protocol()).toBe('http2');
    const overrides = (...Overrides: object[]) =>
      write({
        Kind: 'service-defaults',
        Name: 'web',
        UpstreamConfig: { Defaults: { Protocol: 'grpc', ConnectTimeoutMs: 9 }, Overrides },
      });
    await overrides();
    expect(protocol()).toBe('grpc');
    await overrides({ Name: 'db', Protocol: 'tcp', Limits: { MaxConnections: 3 } });
    expect(merged({ Upstreams: [upstream] })?.upstreams[0]?.config).toEqual({
      protocol: 'tcp',
      connect_timeout_ms: 9,
      limits: { MaxConnections: 3 },
    });
    expect(protocol({ Config: { protocol: 'mine' } })).toBe('mine');
  });

  test('does not take a prepared query for a service', async () => {
    await write({ Kind: 'service-defaults', Name: 'db', Protocol: 'http2' });
    expect(merged({ Upstreams: [{ ...upstream, DestinationType: 'prepared_query' }] })?.upstreams[0]?.config).toEqual(
      {},
    );
  });
});
