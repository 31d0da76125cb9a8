import { describe, expect, it } from 'vitest';
import { decodeConfigEntry, encodeConfigEntry } from '../../../../src/model/index.js';

const stored = (body: object) => encodeConfigEntry(decodeConfigEntry(body));
const upstreams = (Defaults: object) => stored({ Kind: 'service-defaults', Name: 'web', UpstreamConfig: { Defaults } });
const resolver = (LoadBalancer: object) => stored({ Kind: 'service-resolver', Name: 'web', LoadBalancer });
const limited = (InstanceLevel: object) =>
  stored({ Kind: 'service-defaults', Name: 'web', RateLimits: { InstanceLevel } });

describe('outlier detection and limits of upstreams', () => {
  it('are shown as they were written, times in nanoseconds as Consul shows them', () => {
    const Limits = { MaxConnections: 0, RetryBudget: { Percent: 12.5, MinConcurrency: 0 } };
    const PassiveHealthCheck = {
      MaxFailures: 2,
      AlwaysEjectOneHost: false,
      MaxEjectionTime: '1m',
      BaseEjectionTime: '5s',
    };
    expect(upstreams({ Limits, PassiveHealthCheck })['UpstreamConfig']).toMatchObject({
      Defaults: {
        Limits,
        PassiveHealthCheck: {
          MaxFailures: 2,
          AlwaysEjectOneHost: false,
          MaxEjectionTime: 60_000_000_000,
          BaseEjectionTime: 5_000_000_000,
        },
      },
    });
  });

  it.each([
    [{ EnforcingSuccessRate: 101 }, 'PassiveHealthCheck.EnforcingSuccessRate must be between 0 and 100, not 101'],
    [{ ConsecutiveGatewayFailure: -1 }, 'PassiveHealthCheck.ConsecutiveGatewayFailure must be at least 0, not -1'],
    [
      { ConsecutiveLocalOriginFailure: 2 },
      'PassiveHealthCheck.ConsecutiveLocalOriginFailure needs SplitExternalLocalOriginErrors',
    ],
    [{ MaxEjectionTime: '0s' }, 'PassiveHealthCheck.MaxEjectionTime must be at least 1ms'],
    [{ MaxEjectionTime: '1s', BaseEjectionTime: '2s' }, 'MaxEjectionTime must not be below BaseEjectionTime'],
  ])('refuse %j', (PassiveHealthCheck, text) => {
    expect(() => upstreams({ PassiveHealthCheck })).toThrow(text);
  });

  it.each([
    [{ MaxConcurrentRetries: -1 }, 'Limits.MaxConcurrentRetries must be at least 0, not -1'],
    [{ MaxConcurrentRetries: 1, RetryBudget: {} }, 'Limits.RetryBudget takes the place of MaxConcurrentRetries'],
    [{ RetryBudget: { Percent: 120 } }, 'Limits.RetryBudget.Percent must be between 0 and 100, not 120'],
    [{ RetryBudget: { MinConcurrency: -2 } }, 'Limits.RetryBudget.MinConcurrency must be at least 0, not -2'],
  ])('refuse limits %j', (Limits, text) => {
    expect(() => upstreams({ Limits })).toThrow(text);
  });
});

describe('slow start', () => {
  it('is shown as it was written', () => {
    const SlowStart = { Window: '1m0s', Aggression: 1.5, MinWeightPercent: 5 };
    expect(resolver({ Policy: 'least_request', SlowStart })['LoadBalancer']).toMatchObject({ SlowStart });
  });

  it.each([
    [
      { Policy: 'ring_hash', SlowStart: { Window: '1s' } },
      'SlowStart specified for incompatible load balancing policy',
    ],
    [{ SlowStart: {} }, 'SlowStart.Window must be at least 1ms'],
    [{ SlowStart: { Window: '1s', Aggression: 0 } }, 'SlowStart.Aggression must be above 0, not 0'],
    [{ SlowStart: { Window: '1s', MinWeightPercent: 101 } }, 'SlowStart.MinWeightPercent must be between 0 and 100'],
  ])('refuses %j', (balancer, text) => {
    expect(() => resolver(balancer)).toThrow(text);
  });
});

describe('rate limits of a service', () => {
  it("are shown in Consul Enterprise's shape", () => {
    const Routes = [{ PathExact: '', PathPrefix: '/x', PathRegex: '', RequestsPerSecond: 1, RequestsMaxBurst: 0 }];
    expect(
      limited({ RequestsPerSecond: 5, Routes: [{ PathPrefix: '/x', RequestsPerSecond: 1 }] })['RateLimits'],
    ).toEqual({
      InstanceLevel: { RequestsPerSecond: 5, RequestsMaxBurst: 0, Routes },
    });
  });

  it.each([
    ['nothing', {}, 'RateLimits.InstanceLevel needs RequestsPerSecond or Routes'],
    ['a negative rate', { RequestsPerSecond: -1 }, 'RequestsPerSecond must be at least 0, not -1'],
    ['a rate that is too large', { RequestsPerSecond: 2 ** 32 }, 'RequestsPerSecond must be at most 4294967295'],
    ['a burst alone', { RequestsMaxBurst: 5 }, 'RateLimits.InstanceLevel.RequestsMaxBurst needs RequestsPerSecond'],
    ['a burst below the rate', { RequestsPerSecond: 9, RequestsMaxBurst: 5 }, 'must not be below RequestsPerSecond'],
    ['a route to nowhere', { Routes: [{ RequestsPerSecond: 1 }] }, 'Routes[0] needs one of PathExact, PathPrefix'],
    ['a route in two ways', { Routes: [{ PathExact: '/', PathPrefix: '/', RequestsPerSecond: 1 }] }, 'at most one of'],
    ['a route without a slash', { Routes: [{ PathPrefix: 'x', RequestsPerSecond: 1 }] }, "doesn't start with '/'"],
    ['a bad expression', { Routes: [{ PathRegex: '(', RequestsPerSecond: 1 }] }, 'Routes[0] PathRegex is not a valid'],
    ['a route without a limit', { Routes: [{ PathPrefix: '/' }] }, 'Routes[0].RequestsPerSecond must be at least 1'],
  ])('refuse %s', (_what, level, text) => {
    expect(() => limited(level)).toThrow(text);
  });
});

describe('instances that are near', () => {
  it.each(['service-resolver', 'proxy-defaults'])('are preferred by a %s, in one of the ways there are', (Kind) => {
    const entry = (Mode: string) => ({ Kind, Name: 'global', PrioritizeByLocality: { Mode } });
    for (const mode of ['failover', 'none'])
      expect(stored(entry(mode))).toMatchObject({ PrioritizeByLocality: { Mode: mode } });
    expect(() => stored(entry('nearest'))).toThrow('PrioritizeByLocality.Mode must be one of');
  });

  it('are no order for failover targets yet', () => {
    const Failover = { '*': { Service: 'b', Policy: { Mode: 'order-by-locality' } } };
    expect(() => stored({ Kind: 'service-resolver', Name: 'web', Failover })).toThrow('use "sequential"');
  });
});
