import { describe, expect, it } from 'vitest';
import { decodeConfigEntry } from '../../../src/model/index.js';

const router = (http: object, destination: object = {}) => ({
  Kind: 'service-router',
  Name: 'web',
  Routes: [{ Match: { HTTP: http }, Destination: destination }],
});
const added = (headers: object) => router({}, { RequestHeaders: { Add: headers } });
const resolver = (loadBalancer: object) => ({ Kind: 'service-resolver', Name: 'web', LoadBalancer: loadBalancer });
const defaults = (fields: object) => ({ Kind: 'service-defaults', Name: 'web', ...fields });
const logs = (fields: object) => ({ Kind: 'proxy-defaults', Name: 'global', AccessLogs: { Enabled: true, ...fields } });
const many = Object.fromEntries(Array.from({ length: 1001 }, (_unused, at) => [`x-${at}`, 'a']));
const nested = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

/** Each of these was put to real Envoys (1.36 to 1.40), which refuse the route, cluster or listener that it ends up in. */
describe('what an Envoy would refuse is refused when it is written', () => {
  it.each([
    ['a lone percent sign in a header', added({ 'x-a': '100%' }), 'value of "x-a": "%" is no command'],
    ['an unknown command in a header', added({ 'x-a': '%FOO%' }), '%FOO% is no command of Envoy'],
    ['a value that is too long', added({ 'x-a': 'a'.repeat(16_385) }), 'is longer than 16384 bytes'],
    ['too many headers', added(many), 'Route[0] RequestHeaders changes more than 1000 headers'],
    [
      'a name of a parameter that is too long',
      router({ QueryParam: [{ Name: 'x'.repeat(1025), Present: true }] }),
      'Route[0] QueryParam[0] Name is longer than 1024 bytes',
    ],
    [
      'a least request of one choice',
      resolver({ Policy: 'least_request', LeastRequestConfig: { ChoiceCount: 1 } }),
      'ChoiceCount must be at least 2',
    ],
    [
      'a hash of a header that cannot be',
      resolver({ Policy: 'maglev', HashPolicies: [{ Field: 'header', FieldValue: 'a\nb' }] }),
      'HashPolicy[0]: FieldValue must not contain line breaks',
    ],
    ['a long name of a server', defaults({ ExternalSNI: 'x'.repeat(256) }), 'ExternalSNI is longer than 255 bytes'],
    ['a blank in the name of a server', defaults({ ExternalSNI: 'a b' }), 'must not contain blanks'],
    [
      'a limit of more than 32 bits',
      defaults({ UpstreamConfig: { Defaults: { Limits: { MaxConnections: 4_294_967_296 } } } }),
      'max connections cannot be more than 4294967295',
    ],
    [
      'a port that does not exist',
      defaults({ TransparentProxy: { OutboundListenerPort: 70_000 } }),
      'OutboundListenerPort must be between 0 and 65535',
    ],
    ['an access log of unknown things', logs({ TextFormat: '%FOO%' }), 'AccessLogs.TextFormat: %FOO% is no command'],
    [
      'an access log of unknown things, in JSON',
      logs({ JSONFormat: '{"a": {"b": ["%PROTOCOL(x)%"]}}' }),
      'AccessLogs.JSONFormat: %PROTOCOL% takes no parameter',
    ],
    ['an access log that is nested too deeply', logs({ JSONFormat: nested(40) }), 'nested deeper than 32 levels'],
    ['an access log that is nested without end', logs({ JSONFormat: nested(20_000) }), 'nested deeper than 32 levels'],
    ['an access log that is no object', logs({ JSONFormat: '[1]' }), 'it must be an object'],
  ])('%s', (_what, body, problem) => {
    expect(() => decodeConfigEntry(body)).toThrow(problem);
  });

  it.each([
    ['a percent sign, written twice', added({ 'x-a': '100%%' })],
    ['commands of Envoy', added({ 'x-a': '%REQ(x-b?x-c):10%', 'x-d': '%PER_REQUEST_STATE(k)%' })],
    ['an access log', logs({ JSONFormat: '{"a": "%START_TIME%", "b": [1, true, null]}' })],
    ['the longest limits', defaults({ UpstreamConfig: { Defaults: { Limits: { MaxConnections: 4_294_967_295 } } } })],
  ])('but not %s', (_what, body) => {
    expect(() => decodeConfigEntry(body)).not.toThrow();
  });
});
