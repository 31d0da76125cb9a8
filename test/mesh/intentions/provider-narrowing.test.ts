import { describe, expect, it } from 'vitest';
import { acceptsFewerTokens, tokenBearers } from '../../../src/mesh/intentions/index.js';
import { type JwtProviderEntry, decodeConfigEntry } from '../../../src/model/index.js';
import { viewOfEntries } from '../support/plain-view.js';

const keySet = (...keys: readonly object[]) => ({
  Local: { JWKS: Buffer.from(JSON.stringify({ keys })).toString('base64') },
});
const [one, two] = [
  { kid: 'one', kty: 'oct' },
  { kid: 'two', kty: 'oct' },
];
const provider = (fields: Record<string, unknown> = {}): JwtProviderEntry =>
  decodeConfigEntry({
    Kind: 'jwt-provider',
    Name: 'okta',
    Issuer: 'https://okta.example',
    JSONWebKeySet: keySet(one),
    ...fields,
  }) as JwtProviderEntry;
const remote = (fields: Record<string, unknown> = {}) => ({
  JSONWebKeySet: { Remote: { URI: 'https://okta.example/keys', ...fields } },
});

describe('a change of a provider', () => {
  it.each([
    ['nothing', {}, {}, false],
    ['a key is added', {}, { JSONWebKeySet: keySet(two, one) }, false],
    ['a key is exchanged', {}, { JSONWebKeySet: keySet(two) }, true],
    ['a key is taken away', { JSONWebKeySet: keySet(one, two) }, { JSONWebKeySet: keySet(two) }, true],
    ['another issuer', {}, { Issuer: 'https://door.example' }, true],
    ['an audience is asked for', {}, { Audiences: ['shop'] }, true],
    ['an audience more will do', { Audiences: ['shop'] }, { Audiences: ['bar', 'shop'] }, false],
    ['an audience less will do', { Audiences: ['bar', 'shop'] }, { Audiences: ['shop'] }, true],
    ['any audience will do', { Audiences: ['shop'] }, {}, false],
    ['less tolerance', {}, { ClockSkewSeconds: 10 }, true],
    ['more tolerance', {}, { ClockSkewSeconds: 60 }, false],
    ['another place', {}, { Locations: [{ Cookie: { Name: 'c' } }] }, true],
    [
      'one more place',
      { Locations: [{ Cookie: { Name: 'c' } }] },
      { Locations: [{ QueryParam: { Name: 'q' } }, { Cookie: { Name: 'c' } }] },
      false,
    ],
    ['the usual places', { Locations: [{ Cookie: { Name: 'c' } }] }, {}, true],
    ['keys fetched from elsewhere', remote(), remote({ URI: 'https://okta.example/other' }), true],
    ['keys fetched otherwise', remote(), remote({ CacheDuration: '1m', FetchAsynchronously: true }), false],
    [
      'a server trusted otherwise',
      remote(),
      remote({ JWKSCluster: { TLSCertificates: { TrustedCA: { Filename: '/ca' } } } }),
      true,
    ],
    ['keys fetched instead of given', {}, remote(), true],
    ['what is done with good tokens', {}, { Forwarding: { HeaderName: 'x' }, CacheConfig: { Size: 1 } }, false],
  ])('may have tokens refused, or not: %s', (_what, before, after, narrows) => {
    expect(acceptsFewerTokens(provider(before), provider(after))).toBe(narrows);
  });

  it('concerns the callers of whom its tokens are asked', () => {
    const permission = (name: string) => ({
      Permissions: [{ Action: 'allow', HTTP: { PathPrefix: '/' }, JWT: { Providers: [{ Name: name }] } }],
    });
    const view = viewOfEntries([
      {
        Kind: 'service-intentions',
        Name: 'front',
        Sources: [
          { Name: 'web', ...permission('okta') },
          { Name: 'api', ...permission('door') },
          { Name: 'job', Action: 'allow' },
        ],
      },
      {
        Kind: 'service-intentions',
        Name: 'back',
        Sources: [{ Name: '*', Action: 'allow' }],
        JWT: { Providers: [{ Name: 'door' }, { Name: 'okta' }] },
      },
    ]);
    expect(tokenBearers(view, 'okta')).toEqual([
      { destination: 'back', source: '*' },
      { destination: 'front', source: 'web' },
    ]);
    expect(tokenBearers(view, 'none')).toEqual([]);
  });
});
