import { describe, expect, test } from 'vitest';
import { checkProxy } from '../../../src/discovery/catalog/index.js';
import { decodeServiceDefinition } from '../../../src/model/definitions/index.js';

const check = (proxy: object) =>
  checkProxy(
    decodeServiceDefinition(
      { Kind: 'connect-proxy', Name: 'p', Port: 1, Proxy: { DestinationServiceName: 'web', ...proxy } },
      'api',
    ).proxy,
  );
const upstream = (more: object) => ({ Upstreams: [{ DestinationName: 'a', LocalBindPort: 1, ...more }] });

describe('the proxy of a registration', () => {
  test.each([
    {},
    upstream({ LocalBindAddress: '::1' }),
    upstream({ LocalBindPort: 0, LocalBindSocketPath: '/tmp/x', LocalBindSocketMode: '0640' }),
    { AccessLogs: { Enabled: true, Type: 'file', Path: '/tmp/x' } },
  ])('may be %j', (proxy) => {
    expect(() => check(proxy)).not.toThrow();
  });

  test.each([
    [upstream({ LocalBindPort: 70_000 }), /Proxy\.Upstreams\[0\]\.LocalBindPort must be between 0 and 65535/],
    [upstream({ LocalBindAddress: 'localhost' }), /LocalBindAddress must be an IP address, not "localhost"/],
    [upstream({ LocalBindSocketMode: '0999' }), /LocalBindSocketMode must be octal digits/],
    [upstream({ LocalBindSocketMode: '1777' }), /LocalBindSocketMode must be octal digits/],
    [{ Expose: { Paths: [{ ListenerPort: 70_000 }] } }, /Expose\.Paths\[0\] ListenerPort/],
    [{ TransparentProxy: { OutboundListenerPort: 65_536 } }, /TransparentProxy\.OutboundListenerPort must be between/],
    [{ AccessLogs: { Enabled: true, Type: 'file' } }, /path must be specified/],
    [upstream({ Config: { envoy_cluster_json: '{' } }), /Proxy\.Upstreams\[0\]\.Config\.envoy_cluster_json/],
  ])('must not be %j', (proxy, message) => {
    expect(() => check(proxy)).toThrow(message);
  });
});

describe('exposed paths', () => {
  test('each need a port of their own', () => {
    const path = (Path: string, ListenerPort: number) => ({ Path, ListenerPort, LocalPathPort: 8080 });
    expect(() => check({ Expose: { Paths: [path('/a', 21_500), path('/b', 21_500)] } })).toThrow(
      /Expose\.Paths\[1\] ListenerPort 21500 is that of Expose\.Paths\[0\]/,
    );
  });
});

describe('upstreams', () => {
  const twice = (second: object) => ({
    Upstreams: [
      { DestinationName: 'a', LocalBindPort: 1 },
      { DestinationName: 'b', LocalBindPort: 2, ...second },
    ],
  });

  test.each([
    [twice({ DestinationName: 'a' }), /upstreams cannot contain duplicates of \[type="service", name="a"/],
    [twice({ DestinationName: 'a\u0000' }), /must not contain control characters/],
    [twice({ Datacenter: 'dc\n' }), /must not contain control characters/],
    [twice({ LocalBindPort: 1 }), /duplicates by local bind address and port or unix path; "127\.0\.0\.1:1"/],
  ])('can be told apart, in a nested sidecar too: not %j', (proxy, message) => {
    const nested = { Name: 'web', Port: 80, Connect: { SidecarService: { Port: 21_000, Proxy: proxy } } };
    expect(() => decodeServiceDefinition(nested, 'api')).toThrow(message);
    expect(() => check(proxy)).toThrow(message);
  });
});
