import { describe, expect, test } from 'vitest';
import {
  type ResolvedProxy,
  type ResolvedUpstream,
  proxyKey,
  proxyProblems,
  resolvedProxyCell,
  resolvedUpstreams,
  unservedUpstream,
} from '../../../src/mesh/proxy/index.js';
import type { ProxySettings } from '../../../src/model/index.js';
import { viewOfEntries } from '../support/plain-view.js';
import { node, proxySettings, service, sidecar, upstream } from './support/records.js';

type Body = Readonly<Record<string, unknown>>;
const proxyDefaults = (more: Body): Body => ({ Kind: 'proxy-defaults', Name: 'global', ...more });
const serviceDefaults = (Name: string, more: Body): Body => ({ Kind: 'service-defaults', Name, ...more });

type Resolved = ResolvedProxy & { readonly upstreams: readonly ResolvedUpstream[] };

function resolve(entries: readonly Body[], settings: Partial<ProxySettings> = {}): Resolved {
  const view = viewOfEntries(entries, {
    nodes: [node('n1')],
    services: [sidecar('web', { proxy: proxySettings(settings) })],
  });
  const proxy = resolvedProxyCell.compute(view, proxyKey({ node: 'n1', proxyId: 'web-proxy' }));
  if (!proxy) throw new Error('there is no such proxy');
  return { ...proxy, upstreams: resolvedUpstreams(view, proxy) };
}

describe('a sidecar’s settings', () => {
  test('are there for connect-proxies only', () => {
    const view = viewOfEntries([], { nodes: [node('n1')], services: [service('web')] });
    for (const proxyId of ['web', 'nobody'])
      expect(resolvedProxyCell.compute(view, proxyKey({ node: 'n1', proxyId }))).toBeUndefined();
  });

  test('find the node by any spelling of its name', () => {
    const view = viewOfEntries([], { nodes: [node('N1')], services: [sidecar('web', { node: 'N1' })] });
    const proxy = resolvedProxyCell.compute(view, proxyKey({ node: 'n1', proxyId: 'web-proxy' }));
    expect(proxy).toMatchObject({ node: 'N1', datacenter: 'dc1' });
  });

  test('of the registration win over service-defaults, those over proxy-defaults', () => {
    const entries = [
      proxyDefaults({ Config: { protocol: 'http', local_connect_timeout_ms: 1, a: 1 } }),
      serviceDefaults('web', { Protocol: 'http2', LocalConnectTimeoutMs: 2, MaxInboundConnections: 7 }),
    ];
    expect(resolve(entries, { config: { local_connect_timeout_ms: 3 } })).toMatchObject({
      protocol: 'http2',
      config: { protocol: 'http2', local_connect_timeout_ms: 3, max_inbound_connections: 7, a: 1 },
      entries: ['proxy-defaults/global', 'service-defaults/web'],
    });
    expect(resolve(entries, { config: { protocol: 'GRPC' } }).protocol).toBe('grpc');
    expect(resolve([]).protocol).toBe('tcp');
  });

  test('about transparent proxying are filled in one by one', () => {
    const entries = [
      proxyDefaults({ TransparentProxy: { OutboundListenerPort: 15_003, DialedDirectly: true } }),
      serviceDefaults('web', { Mode: 'transparent', TransparentProxy: { OutboundListenerPort: 15_002 } }),
    ];
    expect(resolve(entries).settings).toMatchObject({
      mode: 'transparent',
      transparentProxy: { outboundListenerPort: 15_002, dialedDirectly: true },
    });
    const registered = { transparentProxy: { outboundListenerPort: 15_009, dialedDirectly: false } };
    expect(resolve(entries, registered).settings.transparentProxy?.outboundListenerPort).toBe(15_009);
  });

  test('have no upstream that central configuration alone put into the registration', () => {
    const upstreams = [upstream('api'), upstream('db', { centrallyConfigured: true, localBindPort: 0 })];
    expect(resolve([], { upstreams }).upstreams.map(({ id }) => id)).toEqual(['api']);
  });

  test('about mutual TLS are permissive by registration only where the mesh allows it', () => {
    const mesh = { Kind: 'mesh', AllowEnablingPermissiveMutualTLS: true };
    expect(resolve([], { mutualTlsMode: 'permissive' }).settings.mutualTlsMode).toBe('');
    expect(resolve([mesh], { mutualTlsMode: 'permissive' }).settings.mutualTlsMode).toBe('permissive');
    const own = serviceDefaults('web', { MutualTLSMode: 'permissive' });
    expect(resolve([own]).settings.mutualTlsMode).toBe('permissive');
    expect(resolve([own], { mutualTlsMode: 'strict' }).settings.mutualTlsMode).toBe('strict');
  });

  test('about exposed paths and access logs are filled in from the nearest source that has any', () => {
    const path = { Path: '/x', ListenerPort: 1, LocalPathPort: 2 };
    const entries = [
      proxyDefaults({ Expose: { Paths: [path] }, AccessLogs: { Enabled: true } }),
      serviceDefaults('web', { Expose: { Paths: [{ ...path, Path: '/y' }] } }),
    ];
    expect(resolve(entries).expose.paths.map((one) => one.path)).toEqual(['/y']);
    expect(resolve(entries).accessLogs?.enabled).toBe(true);
  });
});

describe('an upstream’s settings', () => {
  const of = (entries: readonly Body[], config: Body = {}) =>
    resolve(entries, { upstreams: [upstream('api', { config })] }).upstreams[0];

  test('come from the caller’s service-defaults: those for all upstreams, then those for this one', () => {
    const entries = [
      serviceDefaults('web', {
        UpstreamConfig: {
          Defaults: {
            ConnectTimeoutMs: 100,
            Limits: { MaxConnections: 1 },
            BalanceOutboundConnections: 'exact_balance',
          },
          Overrides: [
            { Name: 'api', ConnectTimeoutMs: 200 },
            { Name: 'other', ConnectTimeoutMs: 300 },
          ],
        },
      }),
    ];
    expect(of(entries)).toMatchObject({
      connectTimeoutMs: 200,
      limits: { maxConnections: 1 },
      balanceOutboundConnections: 'exact_balance',
    });
  });

  test('of the registration win over all', () => {
    const entries = [
      serviceDefaults('web', {
        UpstreamConfig: { Overrides: [{ Name: 'api', Protocol: 'http', ConnectTimeoutMs: 200 }] },
      }),
    ];
    expect(of(entries, { protocol: 'GRPC', connect_timeout_ms: 5 })).toMatchObject({
      protocol: 'grpc',
      connectTimeoutMs: 5,
    });
  });

  test('know the protocol of the service that is called', () => {
    expect(
      of([proxyDefaults({ Config: { protocol: 'http' } }), serviceDefaults('api', { Protocol: 'grpc' })])?.protocol,
    ).toBe('grpc');
    expect(of([proxyDefaults({ Config: { protocol: 'http' } })])?.protocol).toBe('http');
  });

  test('are read in any spelling, and what has the wrong type is not given', () => {
    const config = {
      limits: { MaxConnections: '5', max_pending_requests: 'many' },
      passive_health_check: { interval: '10s', MaxFailures: 3 },
      connect_timeout_ms: 'soon',
    };
    expect(of([], config)).toMatchObject({
      limits: { maxConnections: 5 },
      passiveHealthCheck: { intervalMs: 10_000, maxFailures: 3 },
      connectTimeoutMs: 0,
    });
  });

  test('listen on loopback unless told otherwise', () => {
    const [plain, bound] = resolve([], {
      upstreams: [upstream('api'), upstream('db', { localBindAddress: '127.0.0.9', localBindPort: 5 })],
    }).upstreams;
    expect(plain).toMatchObject({ bindAddress: '127.0.0.1', bindPort: 9191 });
    expect(bound).toMatchObject({ bindAddress: '127.0.0.9', bindPort: 5 });
  });

  test.each([
    [{}, 'api'],
    [{ datacenter: 'dc2' }, 'api?dc=dc2'],
    [{ destinationPeer: 'east' }, 'api?peer=east'],
    [{ destinationType: 'prepared_query' as const }, 'prepared_query:api'],
  ])('are called %j -> %s', (more, id) => {
    expect(resolve([], { upstreams: [upstream('api', more)] }).upstreams[0]?.id).toBe(id);
  });
});

const problemsOf = (proxy: Resolved): readonly string[] => proxyProblems(proxy, proxy.upstreams);

describe('what has no effect is said', () => {
  test('nothing of an ordinary sidecar', () => {
    const proxy = resolve([], { upstreams: [upstream('api')] });
    expect([proxyProblems(proxy, proxy.upstreams), unservedUpstream(proxy.upstreams[0]!)]).toEqual([[], undefined]);
  });

  test.each<[Partial<ProxySettings>, string]>([
    [{ config: { protocol: 'redis' } }, 'protocol "redis" of service "web" is not known and treated as tcp'],
    [{ destinationServiceId: '', expose: { checks: true, paths: [] } }, 'expose.checks has no effect'],
    [
      { upstreams: [upstream('api', { config: { protocol: 'redis' } })] },
      'upstream api: protocol "redis" is not known',
    ],
    [
      { upstreams: [upstream('api', { meshGateway: { mode: 'local' } })] },
      'upstream api: mesh gateways are not implemented',
    ],
  ])('%j', (settings, sentence) => {
    expect(problemsOf(resolve([], settings)).join('\n')).toContain(sentence);
  });

  test('upstreams of peers and those without a place to listen are not served', () => {
    const { upstreams } = resolve([], {
      upstreams: [
        upstream('api', { destinationPeer: 'east' }),
        upstream('q', { destinationType: 'prepared_query' }),
        upstream('db', { localBindPort: 0 }),
        upstream('db', { localBindPort: 0, localBindSocketPath: '/run/db.sock' }),
      ],
    });
    expect(upstreams.map(unservedUpstream)).toEqual([
      'upstream api?peer=east: services of peers are not implemented',
      undefined,
      'upstream db: it listens nowhere; give it a local_bind_port or a local_bind_socket_path',
      undefined,
    ]);
  });
});
