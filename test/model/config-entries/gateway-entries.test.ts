import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { decodeConfigEntry, encodeConfigEntry } from '../../../src/model/index.js';
import { makeCertificate } from '../../support/server-certificates.js';

const gateway = (...listeners: readonly object[]) => ({ Kind: 'api-gateway', Name: 'gw', Listeners: listeners });
const listener = (more: object = {}) => ({ Name: 'l', Port: 80, Protocol: 'http', ...more });
const route = (rule: object, more: object = {}) => ({ Kind: 'http-route', Name: 'r', Rules: [rule], ...more });
const ingress = (...listeners: readonly object[]) => ({ Kind: 'ingress-gateway', Name: 'in', Listeners: listeners });
const exposed = (service: object, more: object = {}) => ({
  Port: 80,
  Protocol: 'http',
  Services: [{ Name: 'web', ...service }],
  ...more,
});

describe('an api-gateway entry', () => {
  it('refers to inline certificates unless it says otherwise, and does not keep a status', () => {
    const tls = { Certificates: [{ Name: 'c' }] };
    const shown = encodeConfigEntry(
      decodeConfigEntry({ ...gateway(listener({ TLS: tls })), Status: { Conditions: [] } }),
    );
    expect(shown).toMatchObject({
      Listeners: [{ TLS: { Certificates: [{ Kind: 'inline-certificate', Name: 'c' }] } }],
    });
    expect(shown).not.toHaveProperty('Status');
  });

  it.each([
    ['without listeners', gateway(), 'at least one listener'],
    ['with a listener without a name', gateway(listener({ Name: '' })), 'Listeners[0].Name'],
    ['with a name that is none', gateway(listener({ Name: 'A\n' })), 'Listeners[0].Name'],
    ['with two listeners of a name', gateway(listener(), listener({ Port: 81 })), 'Listeners[1].Name: found multiple'],
    [
      'with a port that does not exist',
      gateway(listener({ Port: 70000 })),
      'Listeners[0].Port: port 70000 not in the range',
    ],
    ['with a protocol of the mesh', gateway(listener({ Protocol: 'grpc' })), 'unsupported listener protocol "grpc"'],
    ['with a hostname over tcp', gateway(listener({ Protocol: 'tcp', Hostname: 'a' })), 'not supported when using TCP'],
    ['with a wildcard inside', gateway(listener({ Hostname: 'a.*.b' })), 'leftmost label'],
    ['with two hosts on a port', gateway(listener(), listener({ Name: 'm', Hostname: 'a' })), 'Listeners[1].Port'],
    [
      'with a certificate of no kind',
      gateway(listener({ TLS: { Certificates: [{ Kind: 'x' }] } })),
      'certificate kind',
    ],
    ['with a certificate without a name', gateway(listener({ TLS: { Certificates: [{}] } })), 'must have a name'],
    ['with a version of TLS that is none', gateway(listener({ TLS: { MinVersion: '1.2' } })), 'Listeners[0].TLS'],
  ])('is refused %s', (_what, given, problem) => {
    expect(() => decodeConfigEntry(given)).toThrow(problem);
  });
});

describe('routes of API gateways', () => {
  const services = [{ Name: 'web' }];
  it.each([
    ['CR and LF in a header', { Filters: { Headers: [{ Set: { a: 'b\r\nc: d' } }] } }, 'Filters.Headers[0]'],
    [
      'NUL in a response header',
      { ResponseFilters: { Headers: [{ Add: { a: '\0' } }] } },
      'ResponseFilters.Headers[0]',
    ],
    ['LF in a rewrite', { Filters: { URLRewrite: { Path: '/a\n' } } }, 'URLRewrite'],
    ['LF in a path', { Matches: [{ Path: { Match: 'exact', Value: '/a\n' } }] }, 'line breaks'],
    ['LF in a matched header', { Matches: [{ Headers: [{ Match: 'exact', Name: 'a', Value: '\n' }] }] }, 'line breaks'],
    ['a bad expression', { Matches: [{ Path: { Match: 'regex', Value: '(' } }] }, 'not a valid regular expression'],
    ['an unknown condition', { Filters: { RetryFilter: { RetryOn: ['luck'] } } }, 'invalid retry condition'],
    ['CR in a leg', { Services: [{ Name: 'a', Filters: { Headers: [{ Set: { a: '\r' } }] } }] }, 'Services[0]'],
  ])('are refused with %s', (_what, rule, problem) => {
    expect(() => decodeConfigEntry(route({ Services: services, ...rule }))).toThrow(problem);
  });

  it.each([
    ['a gateway', { Kind: 'tcp-route', Name: 't', Parents: [{ Name: 'gw\0x' }] }],
    ['a listener', route({}, { Parents: [{ Name: 'gw', SectionName: 'a\nb' }] })],
    ['a certificate', gateway(listener({ TLS: { Certificates: [{ Name: 'c\0' }] } }))],
  ])('and gateways are refused with control characters in the name of %s', (_what, given) => {
    expect(() => decodeConfigEntry(given)).toThrow('Name must not contain control characters');
  });

  it('have at most 256 regular expressions, of paths, headers and parameters together', () => {
    const named = (count: number) => Array.from({ length: count }, () => ({ Match: 'regex', Name: 'a', Value: 'b+' }));
    const path = { Match: 'regex', Value: '/b+' };
    const some = (count: number) => route({ Matches: [{ Path: path, Headers: named(count), Query: named(100) }] });
    expect(decodeConfigEntry(some(155))).toMatchObject({ name: 'r' });
    expect(() => decodeConfigEntry(some(156))).toThrow('has 257 regular expressions and filters; at most 256');
  });

  it('lead one connection to one service', () => {
    const tcp = { Kind: 'tcp-route', Name: 't', Services: [{ Name: 'a' }, { Name: 'b' }] };
    expect(() => decodeConfigEntry(tcp)).toThrow('only supports one service');
  });
});

describe('an ingress-gateway entry', () => {
  it.each([
    ['a line break in a header', exposed({ RequestHeaders: { Set: { a: '\n' } } }), 'Services[0].RequestHeaders'],
    ['headers over tcp', exposed({ ResponseHeaders: { Set: {} } }, { Protocol: 'tcp' }), 'response headers only valid'],
    ['a host with a scheme', exposed({ Hosts: ['http://a'] }), 'Hosts[0]'],
    [
      'half of a place for certificates',
      exposed({}, { TLS: { SDS: { CertResource: 'r' } } }),
      'ClusterName is required',
    ],
    ['negative limits', exposed({ MaxConnections: -1 }), 'Services[0].MaxConnections'],
    ['suites of TLS 1.3', exposed({}, { TLS: { TLSMinVersion: 'TLSv1_3', CipherSuites: ['a'] } }), 'Listeners[0].TLS'],
  ])('is refused with %s', (_what, given, problem) => {
    expect(() => decodeConfigEntry(ingress(given))).toThrow(problem);
  });

  it('may name hosts with ports as long as no certificate has to bear them', () => {
    const given = { ...ingress(exposed({ Hosts: ['a.example:8080'] })) };
    expect(encodeConfigEntry(decodeConfigEntry(given))).toMatchObject({ Listeners: [{ Port: 80 }] });
    expect(() => decodeConfigEntry({ ...given, TLS: { Enabled: true } })).toThrow('Hosts[0]');
  });
});

describe('an inline-certificate entry', () => {
  const body = (certificate: string, key: string) => ({
    Kind: 'inline-certificate',
    Name: 'c',
    Certificate: certificate,
    PrivateKey: key,
  });

  test('is a pair of a certificate and its key, elliptic or RSA', async () => {
    for (const bits of [undefined, 2048]) {
      const { certificate, key } = await makeCertificate(['a.example', '*.b.example'], bits);
      expect(decodeConfigEntry(body(certificate, key))).toMatchObject({ certificate });
    }
  });

  test('is refused when it is none, and the text holds nothing of the key', async () => {
    const one = await makeCertificate(['a.example']);
    const other = await makeCertificate(['a.example']);
    const short = await makeCertificate(['a.example'], 1024);
    const strange = await makeCertificate(['not a host']);
    const refusal = (certificate: string, key: string): string => {
      try {
        decodeConfigEntry(body(certificate, key));
      } catch (thrown) {
        return (thrown as Error).message;
      }
      return '';
    };
    expect(refusal('nonsense', one.key)).toContain('failed to parse certificate PEM');
    expect(refusal(one.certificate, 'secret')).toContain('failed to parse private key PEM');
    expect(refusal(one.certificate, 'secret')).not.toContain('secret');
    expect(refusal(one.certificate, other.key)).toContain('does not match');
    expect(refusal(short.certificate, short.key)).toContain('at least 2048 bits');
    expect(refusal(strange.certificate, strange.key)).toContain('valid DNS hostname');
  });

  test('never throws anything but an AppError, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (middle, key) => {
        try {
          decodeConfigEntry(body(`-----BEGIN CERTIFICATE-----${middle}`, key));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});
