import { describe, expect, test } from 'vitest';
import { decodeServiceDefinition } from '../../../src/model/definitions/index.js';
import { contentHash } from '../../../src/edges/http/agent-service/content-hash.js';

const hashOf = (body: object): string => contentHash(decodeServiceDefinition(body, 'api'));

describe('the content hash of a local service', () => {
  test('is what clients of a documented example expect', () => {
    expect(hashOf({ Name: 'foo', Tags: ['bar', 'baz'], Port: 8000 })).toBe('3e352f348d44f7eb');
  });

  test.each([
    ['an overridable tag', { Name: 'a', Tags: ['one'], EnableTagOverride: true }, 'c1e4f9c2b2ce89e4'],
    ['a native service', { Name: 'nat', Port: 1, Connect: { Native: true } }, '49dbb54f9c4507d8'],
    ['a terminating gateway', { Name: 'tg', Kind: 'terminating-gateway', Port: 8444 }, 'c4f9efa4331dddff'],
    ['an ingress gateway', { Name: 'ig', Kind: 'ingress-gateway' }, 'decc4674bffbb021'],
    ['a renamed service', { ID: 'web-1', Name: 'renamed', Port: 1 }, '73f96c949eaf4960'],
    [
      'a mesh gateway with options',
      {
        Name: 'mg',
        Kind: 'mesh-gateway',
        Port: 8443,
        TaggedAddresses: { wan: { Address: '1.2.3.4', Port: 443 } },
        Proxy: { Config: { envoy_mesh_gateway_no_default_bind: true } },
      },
      '53cf3fb6eb70dc1',
    ],
    [
      'tagged addresses, meta and weights',
      {
        ID: 'web-1',
        Name: 'web',
        Tags: ['a', 'b'],
        Port: 8080,
        Address: '10.1.2.3',
        Meta: { version: '2' },
        Weights: { Passing: 10, Warning: 3 },
        EnableTagOverride: true,
        TaggedAddresses: { lan: { Address: '10.1.2.3', Port: 8080 }, wan: { Address: 'example.net', Port: 80 } },
      },
      'c1c6b98369ba771',
    ],
    [
      'a sidecar',
      {
        Kind: 'connect-proxy',
        ID: 'web1-sidecar-proxy',
        Name: 'web-sidecar-proxy',
        Tags: ['t'],
        Meta: { k: 'v' },
        Port: 21000,
        Proxy: {
          DestinationServiceName: 'web',
          DestinationServiceID: 'web1',
          LocalServiceAddress: '127.0.0.1',
          LocalServicePort: 8080,
        },
      },
      '2a3912ad3c6271a5',
    ],
    [
      'a sidecar with an upstream',
      {
        Kind: 'connect-proxy',
        Name: 'api-sidecar-proxy',
        Tags: ['own'],
        Meta: { m: '1' },
        Port: 22000,
        Proxy: {
          DestinationServiceName: 'api',
          DestinationServiceID: 'api',
          LocalServiceAddress: '127.0.0.1',
          LocalServicePort: 9090,
          Config: { protocol: 'http' },
          Upstreams: [{ DestinationName: 'web', LocalBindPort: 5000, Config: { connect_timeout_ms: 100 } }],
        },
      },
      'd5b2d01ca2c26d3d',
    ],
    [
      'exposed paths',
      {
        Kind: 'connect-proxy',
        Name: 'px',
        Port: 1,
        Proxy: {
          DestinationServiceName: 'nat',
          LocalServicePort: 4,
          Expose: { Checks: true, Paths: [{ Path: '/h', ListenerPort: 21500, LocalPathPort: 8080, Protocol: 'http' }] },
        },
      },
      '6818660971ecbbd4',
    ],
  ])('agrees with the recorded one for %s', (_name, body, expected) => {
    expect(hashOf(body)).toBe(expected);
  });

  test('changes with a tag', () => {
    expect(hashOf({ Name: 'a', Tags: ['x'] })).not.toBe(hashOf({ Name: 'a', Tags: ['y'] }));
  });
});
