import { describe, expect, it } from 'vitest';
import {
  checkedConfigEntry,
  configEntryRequires,
  decodeConfigEntry,
  encodeConfigEntry,
} from '../../../src/model/index.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const keys = { Local: { JWKS: base64('{"keys":[]}') } };

const provider = (fields: Record<string, unknown>): Record<string, unknown> => ({
  Kind: 'jwt-provider',
  Name: 'okta',
  ...fields,
});

/** Why an entry is refused; 'taken' when it is not. */
function refusal(fields: Record<string, unknown>): string {
  try {
    decodeConfigEntry(provider(fields));
    return 'taken';
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

const remote = (fields: Record<string, unknown>) => ({
  JSONWebKeySet: { Remote: { URI: 'https://keys.example/jwks.json', ...fields } },
});

describe('a jwt-provider', () => {
  it('comes back with everything that was written, durations in nanoseconds', () => {
    const body = provider({
      JSONWebKeySet: {
        Remote: {
          URI: 'https://keys.example/jwks.json',
          RequestTimeoutMs: 1500,
          CacheDuration: 300e9,
          FetchAsynchronously: true,
          UseSNI: true,
          RetryPolicy: { NumRetries: 3, RetryPolicyBackOff: { BaseInterval: 1e9, MaxInterval: 10e9 } },
          JWKSCluster: {
            DiscoveryType: 'LOGICAL_DNS',
            TLSCertificates: { CaCertificateProviderInstance: { InstanceName: 'default', CertificateName: 'ROOTCA' } },
            ConnectTimeout: 2e9,
          },
        },
      },
      Issuer: 'https://issuer.example',
      Audiences: ['shop'],
      Locations: [
        { Header: { Name: 'x-token', ValuePrefix: 'Bearer ', Forward: true } },
        { QueryParam: { Name: 'token' } },
        { Cookie: { Name: 'token' } },
      ],
      Forwarding: { HeaderName: 'x-payload', PadForwardPayloadHeader: true },
      ClockSkewSeconds: 15,
      CacheConfig: { Size: 50 },
      Meta: { team: 'shop' },
    });
    expect(encodeConfigEntry(decodeConfigEntry(body))).toEqual(body);
  });

  it('allows half a minute between clocks when nothing is said', () => {
    const entry = decodeConfigEntry(provider({ JSONWebKeySet: keys }));
    expect(encodeConfigEntry(entry)).toEqual(provider({ JSONWebKeySet: keys, ClockSkewSeconds: 30 }));
    expect(checkedConfigEntry(entry)).toEqual(entry);
  });

  it('is read in HCL, where blocks are lists', () => {
    const entry = decodeConfigEntry(
      {
        kind: 'jwt-provider',
        name: 'okta',
        json_web_key_set: [{ remote: [{ uri: 'https://k/x', cache_duration: '5m', jwks_cluster: [{}] }] }],
        locations: [{ header: [{ name: 'x-token' }] }],
      },
      { hclBlocks: true },
    );
    expect(encodeConfigEntry(entry)).toMatchObject({
      JSONWebKeySet: { Remote: { URI: 'https://k/x', CacheDuration: 300e9 } },
      Locations: [{ Header: { Name: 'x-token' } }],
    });
  });

  it.each([
    [{}, 'JSONWebKeySet is required'],
    [{ JSONWebKeySet: { Local: { JWKS: base64('keys') } } }, 'JSONWebKeySet.Local.JWKS is not the base64 form of JSON'],
    [{ JSONWebKeySet: { Local: { JWKS: base64('[]') } } }, 'JSONWebKeySet.Local.JWKS is no JSON Web Key Set'],
    [{ JSONWebKeySet: { Local: { JWKS: base64('{"keys":{}}') } } }, 'it must encode an object such as {"keys": […]}'],
    [{ JSONWebKeySet: { Local: { JWKS: 'eyJrZXlzIjpbXX0' } } }, 'JWKS must be valid base64 encoded string'],
    [remote({ URI: 'ftp://keys.example' }), 'its scheme must be http or https, not ftp'],
    [remote({ URI: 'https:///jwks' }), 'it has no host that can be read'],
    [remote({ URI: 'https://keys.example:99999/' }), 'it has no host that can be read'],
    [remote({ URI: 'https://a:b@keys.example/' }), 'it must not carry a user name or password'],
    [remote({ URI: 'https://keys.example/\r\nx-evil: 1' }), 'it contains white space or control characters'],
    [remote({ RequestTimeoutMs: -1 }), 'JSONWebKeySet.Remote.RequestTimeoutMs must not be negative'],
    [remote({ CacheDuration: '-1s' }), 'JSONWebKeySet.Remote.CacheDuration must not be negative'],
    [remote({ JWKSCluster: { ConnectTimeout: '-1s' } }), 'JWKSCluster.ConnectTimeout must not be negative'],
    [
      remote({ RetryPolicy: { RetryPolicyBackOff: { BaseInterval: '-1s' } } }),
      'JSONWebKeySet.Remote.RetryPolicy.RetryPolicyBackOff: intervals must not be negative',
    ],
    [
      remote({ RetryPolicy: { RetryPolicyBackOff: { BaseInterval: '1ns' } } }),
      'JSONWebKeySet.Remote.RetryPolicy.RetryPolicyBackOff.BaseInterval must be 0, for the default, or at least 1ms',
    ],
    [
      remote({ RetryPolicy: { RetryPolicyBackOff: { MaxInterval: '999us' } } }),
      'JSONWebKeySet.Remote.RetryPolicy.RetryPolicyBackOff.MaxInterval must be 0, for the default, or at least 1ms',
    ],
    [
      remote({ JWKSCluster: { TLSCertificates: { TrustedCA: { InlineBytes: '!' } } } }),
      'TLSCertificates.TrustedCA.InlineBytes must be valid base64 encoded string',
    ],
    [{ JSONWebKeySet: keys, CacheConfig: { Size: -1 } }, 'CacheConfig.Size must be between 0 and 4294967295'],
    [{ JSONWebKeySet: keys, ClockSkewSeconds: 5e9 }, 'ClockSkewSeconds must not be above 4294967295'],
    [{ JSONWebKeySet: keys, Forwarding: { HeaderName: 'x y' } }, 'Forwarding contains an invalid header name "x y"'],
    [{ JSONWebKeySet: keys, Forwarding: { HeaderName: ':path' } }, 'Forwarding cannot be ":path"'],
    [
      { JSONWebKeySet: keys, Locations: [{ Cookie: { Name: 'c' } }, { Header: { Name: 'a', ValuePrefix: 'B\n' } }] },
      'Locations[1]: 1 error occurred:\n\t* Header value of "a" must not contain line breaks or NUL',
    ],
    [
      { JSONWebKeySet: keys, Locations: [{}, { Cookie: {} }] },
      'Locations[0], Locations[1]: 2 errors occurred:\n\t* must set exactly one of: JWT location header',
    ],
  ])('is refused with the place of what is wrong: %j', (fields, text) => {
    expect(refusal(fields)).toContain(text);
  });

  it('is taken with whatever Consul takes and Envoy can be spared', () => {
    expect(refusal(remote({ RetryPolicy: { NumRetries: -1 } }))).toBe('taken');
    expect(refusal({ JSONWebKeySet: keys, ClockSkewSeconds: -1 })).toBe('taken');
    expect(refusal(remote({ JWKSCluster: { DiscoveryType: 'STATIC' } }))).toBe('taken');
  });

  it('is read by operators and by who may write any service, and written by operators of the mesh', () => {
    const entry = decodeConfigEntry(provider({ JSONWebKeySet: keys }));
    expect(configEntryRequires(entry, 'read')).toEqual([
      { resource: 'mesh', name: '', level: 'read', orWriteOfAnyService: true },
    ]);
    expect(configEntryRequires(entry, 'write')).toEqual([{ resource: 'mesh', name: '', level: 'write' }]);
  });
});
