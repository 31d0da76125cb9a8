import { describe, expect, test } from 'vitest';
import { entryNotes } from '../../../src/discovery/proxies/index.js';
import { decodeConfigEntry } from '../../../src/model/index.js';

const notes = (body: object) =>
  entryNotes(decodeConfigEntry(body), { datacenter: 'dc1', limitedCategories: new Set(['kv']) });
const router = (...routes: readonly object[]) => ({ Kind: 'service-router', Name: 'web', Routes: routes });
const path = (http: object) => ({ Match: { HTTP: http } });

describe('fields without effect are named', () => {
  test.each([
    [
      'a protocol for all that nobody knows',
      { Kind: 'proxy-defaults', Config: { protocol: 'odd' } },
      ['Config.protocol "odd" is not known and counts as tcp'],
    ],
    [
      'another order of failover',
      { Kind: 'proxy-defaults', FailoverPolicy: { Mode: 'order-by-locality' } },
      ['FailoverPolicy.Mode "order-by-locality" has no effect: failover takes its targets in their order'],
    ],
    [
      'upstreams that are named twice, and gateways',
      {
        Kind: 'service-defaults',
        Name: 'web',
        MaxInboundConnections: -1,
        UpstreamConfig: {
          Overrides: [{ Name: 'a' }, { Name: 'b', MeshGateway: { Mode: 'local' } }, { Name: 'a', Protocol: 'odd' }],
        },
      },
      [
        'MaxInboundConnections is below zero, and limits nothing',
        'UpstreamConfig.Overrides[1].MeshGateway.Mode "local" has no effect: this version has no mesh gateways',
        'UpstreamConfig.Overrides[2].Protocol "odd" is not known and counts as tcp',
        'UpstreamConfig.Overrides[2] has no effect: Overrides[0] is about "a", too',
      ],
    ],
    [
      'scripts that no Envoy could read nor would call',
      {
        Kind: 'service-defaults',
        Name: 'web',
        EnvoyExtensions: ['-- nothing', 'x'].map((Script) => ({
          Name: 'builtin/lua',
          Arguments: { ProxyType: 'connect-proxy', Listener: 'inbound', Script },
        })),
      },
      [
        "EnvoyExtensions[1] (builtin/lua) has no effect: Arguments.Script is no Lua that Envoy can read: line 1: '=' expected near '<eof>'",
      ],
    ],
    [
      'routes behind one that takes everything',
      router(path({ PathPrefix: '/a' }), path({ PathPrefix: '/' }), path({ PathExact: '/b' })),
      ['Routes[2] is never reached: Routes[1] takes every request'],
    ],
    [
      'places without instances',
      {
        Kind: 'service-resolver',
        Name: 'web',
        Failover: {
          '*': { Targets: [{ Peer: 'east' }, { Datacenter: 'dc2' }, { Datacenter: 'dc1', Service: 'web2' }] },
        },
      },
      [
        'Failover["*"].Targets[0].Peer "east" has no instances: this version has no peering',
        'Failover["*"].Targets[1]: datacenter "dc2" has no instances: this version knows its own only',
      ],
    ],
    [
      'limits of requests that there are not',
      {
        Kind: 'control-plane-request-limit',
        Name: 'x',
        Mode: 'enforcing',
        KV: { ReadRate: 1 },
        DNS: { ReadRate: 1 },
        Meta: { a: 'b' },
      },
      ['DNS has no effect: there are no such requests here'],
    ],
    [
      'callers from elsewhere',
      { Kind: 'service-intentions', Name: 'web', Sources: [{ Name: 'a', Peer: 'east', Action: 'allow' }] },
      ['Sources[0].Peer "east" never calls: this version has no peering'],
    ],
  ])('%s', (_what, body, expected) => {
    expect(notes(body)).toEqual(expected);
  });

  test.each([
    router(path({ PathPrefix: '/', Methods: ['GET'] }), path({ PathExact: '/b' })),
    { Kind: 'service-resolver', Name: 'web', Redirect: { Datacenter: 'dc1' } },
    { Kind: 'service-defaults', Name: 'web', Protocol: 'http' },
    { Kind: 'mesh' },
  ])('and nothing is said of others', (body) => {
    expect(notes(body)).toEqual([]);
  });
});
