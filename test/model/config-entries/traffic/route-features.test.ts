import { describe, expect, it } from 'vitest';
import { configEntryReferences, decodeConfigEntry, encodeConfigEntry } from '../../../../src/model/index.js';

const router = (...Routes: readonly object[]) => ({ Kind: 'service-router', Name: 'web', Routes });
const stored = (...routes: readonly object[]) => encodeConfigEntry(decodeConfigEntry(router(...routes)));
const at = 'Routes[0].Destination';

describe('what a route of a service-router says about traffic', () => {
  it('is shown as it was written, and nothing is shown that was not', () => {
    const full = {
      Destination: {
        NumRetries: 2,
        RetryOn: ['5xx', 'reset-before-request'],
        RetryOnStatusCodes: [409],
        RetryOnHeaders: [{ Name: 'x-again', Present: true }],
        PerTryTimeout: '1.5s',
        PerTryIdleTimeout: '500ms',
        RetryBackOff: { BaseInterval: '10ms', MaxInterval: '1s', MaxRetryAfter: '5s' },
        RetryIgnorePreviousHosts: true,
        RequestMirrors: [{ Service: 'shadow', Percent: 12.5 }, { ServiceSubset: 'v2' }],
        Fault: { Delay: { Duration: '1s', Percent: 0 }, Abort: { GRPCStatus: 14 } },
        Cors: { AllowOrigins: [{ Suffix: '.example.com' }], AllowMethods: ['GET'], MaxAge: '1h0m0s' },
      },
    };
    const answered = { DirectResponse: { Status: 503, Body: 'closed', Headers: { 'retry-after': '60' } } };
    expect(stored(full, answered)['Routes']).toEqual([full, answered]);
    expect(stored({ Destination: { NumRetries: 2 } })['Routes']).toEqual([{ Destination: { NumRetries: 2 } }]);
  });

  it('is read in snake_case and from a lone HCL block', () => {
    const mirror = { request_mirrors: { service: 'shadow', percent: '5' } };
    expect(stored({ destination: mirror })['Routes']).toEqual([
      { Destination: { RequestMirrors: [{ Service: 'shadow', Percent: 5 }] } },
    ]);
  });

  it('leads to the services that get copies, too', () => {
    const entry = decodeConfigEntry(
      router({ Destination: { Service: 'b', RequestMirrors: [{ Service: 'c' }, { Service: 'a' }] } }),
    );
    expect(configEntryReferences(entry)).toEqual(['a', 'b', 'c']);
  });

  it.each([
    [
      'an unknown retry condition',
      { RetryOn: ['whenever'] },
      'Route[0] contains an invalid retry condition: "whenever"',
    ],
    ['a header to retry on without a name', { RetryOnHeaders: [{ Exact: 'x' }] }, `${at}.RetryOnHeaders[0] missing`],
    ['a try of no length', { PerTryTimeout: '0s' }, `${at}.PerTryTimeout must be at least 1ms`],
    ['a negative idle time', { PerTryIdleTimeout: '-1s' }, `${at}.PerTryIdleTimeout must be at least 1ms`],
    [
      'a try longer than all tries',
      { PerTryTimeout: '3s', RequestTimeout: '2s' },
      `${at}.PerTryTimeout must not be above RequestTimeout`,
    ],
    ['an empty back-off', { RetryBackOff: {} }, `${at}.RetryBackOff needs`],
    [
      'a longest pause below the first',
      { RetryBackOff: { BaseInterval: '1s', MaxInterval: '10ms' } },
      `${at}.RetryBackOff.MaxInterval must not be below BaseInterval`,
    ],
    [
      "a longest pause below Envoy's first",
      { RetryBackOff: { MaxInterval: '10ms' } },
      `${at}.RetryBackOff.MaxInterval must not be below BaseInterval`,
    ],
    ['a copy to nobody', { RequestMirrors: [{}] }, `${at}.RequestMirrors[0] needs a Service or a ServiceSubset`],
    [
      'a share above all',
      { RequestMirrors: [{ Service: 'a', Percent: 101 }] },
      `${at}.RequestMirrors[0].Percent must be between 0 and 100, not 101`,
    ],
    [
      'a share that is too fine',
      { RequestMirrors: [{ Service: 'a', Percent: 0.005 }] },
      `${at}.RequestMirrors[0].Percent must be in steps of 0.01`,
    ],
    ['nine copies', { RequestMirrors: Array.from({ length: 9 }, () => ({ Service: 'a' })) }, 'at most 8 are allowed'],
    ['an empty fault', { Fault: {} }, `${at}.Fault needs a Delay or an Abort`],
    ['a delay of no length', { Fault: { Delay: { Percent: 5 } } }, `${at}.Fault.Delay.Duration must be at least 1ms`],
    [
      'an abort with two statuses',
      { Fault: { Abort: { HTTPStatus: 500, GRPCStatus: 14 } } },
      `${at}.Fault.Abort needs either HTTPStatus or GRPCStatus`,
    ],
    [
      'a status that is none',
      { Fault: { Abort: { HTTPStatus: 600 } } },
      `${at}.Fault.Abort.HTTPStatus must be between 200 and 599, not 600`,
    ],
    ['a gRPC status that is none', { Fault: { Abort: { GRPCStatus: 17 } } }, 'GRPCStatus must be between 1 and 16'],
    ['CORS for nobody', { Cors: {} }, `${at}.Cors.AllowOrigins needs at least one origin`],
    [
      'an origin in two ways',
      { Cors: { AllowOrigins: [{ Exact: 'a', Prefix: 'b' }] } },
      `${at}.Cors.AllowOrigins[0] should only contain one of`,
    ],
    [
      'an origin that is no regular expression',
      { Cors: { AllowOrigins: [{ Regex: '(' }] } },
      `${at}.Cors.AllowOrigins[0].Regex is not a valid regular expression`,
    ],
    [
      'every origin with credentials',
      { Cors: { AllowOrigins: [{ Exact: '*' }], AllowCredentials: true } },
      'must not allow every origin while AllowCredentials is set',
    ],
    [
      'a method that is none',
      { Cors: { AllowOrigins: [{ Exact: '*' }], AllowMethods: ['GET,PUT'] } },
      `${at}.Cors.AllowMethods[0] is not a method`,
    ],
    [
      'a header that is none',
      { Cors: { AllowOrigins: [{ Exact: '*' }], ExposeHeaders: ['x', 'a\r\nb'] } },
      `${at}.Cors.ExposeHeaders[1] is not a header name`,
    ],
    [
      'an age with a fraction of a second',
      { Cors: { AllowOrigins: [{ Exact: '*' }], MaxAge: '1.5s' } },
      `${at}.Cors.MaxAge must be whole seconds`,
    ],
  ])('refuses %s, naming the field', (_what, destination, text) => {
    expect(() => stored({ Destination: destination })).toThrow(text);
  });

  it.each([
    ['no status', {}, 'Routes[0].DirectResponse.Status must be between 200 and 599, not 0'],
    [
      'a body that Envoy does not keep',
      { Status: 200, Body: 'ä'.repeat(2049) },
      'not be longer than 4096 bytes, it has',
    ],
    [
      'a header that breaks its line',
      { Status: 200, Headers: { 'x-a': 'a\nb' } },
      'DirectResponse.Headers value of "x-a"',
    ],
    ['a header that is none', { Status: 200, Headers: { 'x a': '' } }, 'contains an invalid header name "x a"'],
  ])('refuses a direct response with %s', (_what, answer, text) => {
    expect(() => stored({ DirectResponse: answer })).toThrow(text);
  });

  it('refuses a direct response beside a destination', () => {
    expect(() => stored({ Destination: {}, DirectResponse: { Status: 200 } })).toThrow(
      'Routes[0] must not have both Destination and DirectResponse',
    );
  });
});
