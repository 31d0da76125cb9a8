import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeConfigEntry } from '../../../src/model/index.js';
import { checkEncoding, encodeAny, packAny } from '../../../src/xds/envoy-api/index.js';
import { circuitBreakers } from '../../../src/xds/resources/clusters/limits.js';
import { loadBalancing } from '../../../src/xds/resources/clusters/load-balancing.js';
import { rateLimitFilters } from '../../../src/xds/resources/inbound/local-rate-limit.js';
import { outlierDetection } from '../../../src/xds/resources/clusters/outlier-detection.js';
import { brokenRule } from '../../support/ads-client/field-rules.js';
import { openAny } from '../../support/ads-client/message-types.js';
import { decodeAny } from './support/scenario-mesh.js';

beforeAll(() => checkEncoding(true));
afterAll(() => checkEncoding(false));

const number = fc.constantFrom(-1, 0, 1, 5, 100, 101, 4_294_967_295, 4_294_967_296);
const time = fc.constantFrom('-1s', '0s', '1us', '1ms', '1.5s', '24h', '87600h');
const percent = fc.constantFrom(-0.01, 0, 0.01, 33.33, 100, 100.01);
const some = <Shape extends Record<string, fc.Arbitrary<unknown>>>(shape: Shape): fc.Arbitrary<object> =>
  fc.record(shape, { requiredKeys: [] });
const flag = fc.boolean();

const healthCheck = some({
  ...{ Interval: time, MaxFailures: number, EnforcingConsecutive5xx: number, MaxEjectionPercent: number },
  ...{ BaseEjectionTime: time, MaxEjectionTime: time, MaxEjectionTimeJitter: time, AlwaysEjectOneHost: flag },
  ...{ ConsecutiveGatewayFailure: number, EnforcingConsecutiveGatewayFailure: number },
  ...{ SplitExternalLocalOriginErrors: flag, ConsecutiveLocalOriginFailure: number },
  ...{ SuccessRateStdevFactor: number, SuccessRateMinimumHosts: number, EnforcingSuccessRate: number },
  ...{ FailurePercentageThreshold: number, EnforcingFailurePercentage: number },
});
const limits = some({
  MaxConnections: number,
  MaxConcurrentRetries: number,
  RetryBudget: some({ Percent: percent, MinConcurrency: number }),
});
const slowStart = some({ Window: time, Aggression: fc.constantFrom(-1, 0, 0.5, 10), MinWeightPercent: percent });
const rate = { RequestsPerSecond: number, RequestsMaxBurst: number };
const rateLimits = some({
  ...rate,
  Routes: fc.array(some({ PathPrefix: fc.constantFrom('/', 'x'), ...rate }), { maxLength: 2 }),
});

/** The entry when it is taken; what is refused never gets to an Envoy. */
function taken(body: object): ReturnType<typeof decodeConfigEntry> | undefined {
  try {
    return decodeConfigEntry(body);
  } catch {
    return undefined;
  }
}

let accepted = 0;
const expectSendable = (any: ReturnType<typeof packAny>): void => {
  accepted++;
  const opened = openAny(decodeAny(encodeAny(any)));
  expect(opened && brokenRule(opened.type, opened.message)).toBeUndefined();
};
const cluster = (fields: object) =>
  packAny('envoy.config.cluster.v3.Cluster', { name: 'x', connect_timeout: { seconds: 1, nanos: 0 }, ...fields });

describe('whatever is taken of an entry breaks no rule of Envoy and loses nothing on its way', () => {
  test('outlier detection and limits', () => {
    accepted = 0;
    fc.assert(
      fc.property(healthCheck, limits, (PassiveHealthCheck, Limits) => {
        for (const Defaults of [{ PassiveHealthCheck }, { Limits }]) {
          const entry = taken({ Kind: 'service-defaults', Name: 'x', UpstreamConfig: { Defaults } });
          if (entry?.kind !== 'service-defaults') continue;
          const said = entry.upstreamConfig?.defaults;
          const detection = outlierDetection(said?.passiveHealthCheck);
          expectSendable(cluster({ outlier_detection: detection, circuit_breakers: circuitBreakers(said?.limits) }));
        }
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  test('slow start', () => {
    accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom('', 'round_robin', 'least_request', 'maglev'), slowStart, (Policy, SlowStart) => {
        const entry = taken({ Kind: 'service-resolver', Name: 'x', LoadBalancer: { Policy, SlowStart } });
        if (entry?.kind === 'service-resolver') expectSendable(cluster(loadBalancing(entry.loadBalancer)));
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  test('rate limits', () => {
    accepted = 0;
    fc.assert(
      fc.property(rateLimits, (InstanceLevel) => {
        const entry = taken({ Kind: 'service-defaults', Name: 'x', RateLimits: { InstanceLevel } });
        if (entry?.kind !== 'service-defaults') return;
        for (const { typed_config: config } of rateLimitFilters(entry.rateLimits, 'grpc')) expectSendable(config);
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});
