import { describe, expect, it } from 'vitest';
import { configEntryReferences, configEntryRequires, decodeConfigEntry } from '../../../src/model/index.js';

const resolver =
  (fields: object): (() => unknown) =>
  () =>
    decodeConfigEntry({ Kind: 'service-resolver', Name: 'web', ...fields });

describe('a service-resolver', () => {
  it.each([
    ['an unknown default subset', { DefaultSubset: 'v1' }, 'DefaultSubset "v1" is not a valid subset'],
    ['a subset name that is no DNS label', { Subsets: { 'V 1': {} } }, 'Subset "V 1" is invalid'],
    ['a subset without a name', { Subsets: { '': {} } }, 'Subset defined with empty name'],
    ['a filter that cannot be read', { Subsets: { v1: { Filter: 'Service.Meta.v ==' } } }, 'not a valid expression'],
    ['an empty redirect', { Redirect: {} }, 'Redirect is empty'],
    [
      'redirect together with failover',
      { Redirect: { Service: 'a' }, Failover: { '*': { Service: 'b' } } },
      'Redirect and Failover cannot both be set',
    ],
    ['a redirect to a subset of nobody', { Redirect: { ServiceSubset: 'v1' } }, 'defined without Redirect.Service'],
    [
      'a redirect to a peer of nobody',
      { Redirect: { Peer: 'east' } },
      'Redirect.Peer defined without Redirect.Service',
    ],
    [
      'a redirect to a datacenter of a peer',
      { Redirect: { Service: 'a', Peer: 'east', Datacenter: 'dc2' } },
      'Redirect.Peer cannot be set with Redirect.Datacenter',
    ],
    [
      'more failover targets than all callers can be told',
      { Failover: { '*': { Targets: Array.from({ length: 1_001 }, (_, at) => ({ Service: `s${at}` })) } } },
      'Failover has 1001 targets, at most 1000 are allowed',
    ],
    ['a failover that says nothing', { Failover: { '*': {} } }, 'is required'],
    [
      'a failover of an unknown subset',
      { Failover: { v1: { Service: 'a' } } },
      'Bad Failover["v1"]: not a valid subset',
    ],
    [
      'failover targets beside a service',
      { Failover: { '*': { Service: 'a', Targets: [{ Service: 'b' }] } } },
      'Targets cannot be set with Service',
    ],
    [
      'a failover target at a peer with a datacenter',
      { Failover: { '*': { Targets: [{ Peer: 'east', Datacenter: 'dc2' }] } } },
      'Peer cannot be set with Datacenter',
    ],
    ['an empty failover target', { Failover: { '*': { Targets: [{}] } } }, 'at least one field must be set'],
    ['an empty datacenter', { Failover: { '*': { Datacenters: ['dc1', ''] } } }, 'found empty datacenter'],
    [
      'failover to a subset of its own that is not there',
      { Failover: { '*': { ServiceSubset: 'v9' } } },
      '"v9" is not a valid subset of "web"',
    ],
    ['a negative connect timeout', { ConnectTimeout: '-1s' }, 'ConnectTimeout'],
    ['a negative request timeout', { RequestTimeout: '-1s' }, 'RequestTimeout'],
    ['an unknown balancing policy', { LoadBalancer: { Policy: 'best' } }, 'Bad LoadBalancer policy: "best"'],
    [
      'a ring without ring hashing',
      { LoadBalancer: { Policy: 'maglev', RingHashConfig: { MinimumRingSize: 1 } } },
      'RingHashConfig specified for incompatible load balancing policy "maglev"',
    ],
    [
      'choices without least_request',
      { LoadBalancer: { Policy: 'random', LeastRequestConfig: { ChoiceCount: 2 } } },
      'LeastRequestConfig specified for incompatible',
    ],
    [
      'a choice of one',
      { LoadBalancer: { Policy: 'least_request', LeastRequestConfig: { ChoiceCount: 1 } } },
      'ChoiceCount must be at least 2',
    ],
    [
      'a ring whose minimum is above its maximum',
      { LoadBalancer: { Policy: 'ring_hash', RingHashConfig: { MinimumRingSize: 9, MaximumRingSize: 3 } } },
      'must not be above',
    ],
    [
      'hashing without a hashing policy',
      { LoadBalancer: { Policy: 'random', HashPolicies: [{ SourceIP: true }] } },
      'HashPolicies specified for non-hash-based Policy: "random"',
    ],
    [
      'an unknown hash field',
      { LoadBalancer: { Policy: 'maglev', HashPolicies: [{ Field: 'body', FieldValue: 'x' }] } },
      '"body" is not a supported field',
    ],
    [
      'a hash field without a value',
      { LoadBalancer: { Policy: 'maglev', HashPolicies: [{ Field: 'header' }] } },
      'was specified without a FieldValue',
    ],
    [
      'a hash of both address and field',
      { LoadBalancer: { Policy: 'maglev', HashPolicies: [{ SourceIP: true, Field: 'header', FieldValue: 'x' }] } },
      'cannot hash both',
    ],
    [
      'a cookie configuration for a header',
      {
        LoadBalancer: {
          Policy: 'maglev',
          HashPolicies: [{ Field: 'header', FieldValue: 'x', CookieConfig: { Path: '/' } }],
        },
      },
      'cookie_config provided for "header"',
    ],
    [
      'a session cookie with a lifetime',
      {
        LoadBalancer: {
          Policy: 'maglev',
          HashPolicies: [{ Field: 'cookie', FieldValue: 'x', CookieConfig: { Session: true, TTL: '1s' } }],
        },
      },
      'a session cookie cannot have an associated TTL',
    ],
    ['more meta than allowed', { Meta: { ['k'.repeat(129)]: 'v' } }, 'Meta key is too long'],
  ])('refuses %s', (_what, fields, text) => {
    expect(resolver(fields)).toThrow(text);
  });

  it('needs the right to write the service and to read those it leads to', () => {
    const entry = decodeConfigEntry({
      Kind: 'service-resolver',
      Name: 'web',
      Subsets: { v1: {} },
      Failover: {
        v1: { Service: 'b' },
        '*': { Targets: [{ Service: 'a' }, { Service: 'far', Peer: 'east' }, { Datacenter: 'dc2' }] },
      },
    });
    expect(configEntryReferences(entry)).toEqual(['a', 'b']);
    expect(configEntryRequires(entry, 'read')).toEqual([{ resource: 'service', name: 'web', level: 'read' }]);
    expect(configEntryRequires(entry, 'write')).toEqual([
      { resource: 'service', name: 'web', level: 'write' },
      { resource: 'service', name: 'a', level: 'read' },
      { resource: 'service', name: 'b', level: 'read' },
    ]);
  });
});
