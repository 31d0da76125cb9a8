import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpAnswer, type HttpCall, httpCall, Mesh, until } from '../support/envoy-rig/index.js';
import { NativeInstance } from './support/native-instance.js';

const SERVICES = ['near', 'sick', 'sticky', 'budget', 'slow', 'heads', 'tails', 'subset', 'limited'];

describe('which instance gets a request, at a real Envoy', () => {
  let mesh: Mesh;

  beforeAll(async () => {
    const registration = { Locality: { Region: 'eu', Zone: 'eu-1' } };
    mesh = await Mesh.start({ services: [{ id: 'web', calls: [...SERVICES, 'api'], registration }, { id: 'api' }] });
    for (const Name of SERVICES) await mesh.plane.configure({ Kind: 'service-defaults', Name, Protocol: 'http' });
  });
  afterAll(() => mesh?.close());

  const start = (service: string, number: number, details: object = {}): Promise<NativeInstance> =>
    NativeInstance.start(mesh, { id: `${service}-${number}`, service, registration: { ...details } });
  const call = (service: string, request: Omit<HttpCall, 'port'> = {}): Promise<HttpAnswer> =>
    httpCall({ port: mesh.port('web', service), ...request });
  const configure = async (entry: Readonly<Record<string, unknown>>): Promise<void> => {
    await mesh.plane.configure(entry);
    await mesh.plane.settled('web');
  };
  /** Who answers a number of requests in a row: `200 near-1`. */
  const answers = async (service: string, count: number, request: Omit<HttpCall, 'port'> = {}): Promise<string[]> => {
    const all: string[] = [];
    for (let number = 0; number < count; number++) {
      const { status, headers } = await call(service, request);
      all.push(`${status} ${String(headers['x-who'])}`);
    }
    return all;
  };
  const onlyBy = (who: string, service: string) =>
    until(`answers by ${who} alone`, async () =>
      (await answers(service, 10)).every((answer) => answer === `200 ${who}`),
    );

  it('instances of the own zone come first, then those of the region, then the others, and back', async () => {
    const place = (Region: string, Zone: string) => ({ Locality: { Region, Zone } });
    const near = await start('near', 1, place('eu', 'eu-1'));
    const region = await start('near', 2, place('eu', 'eu-2'));
    await start('near', 3, place('us', 'us-1'));
    await mesh.reaches('web', 'near');
    await until('all three without a preference', async () => new Set(await answers('near', 12)).size === 3);
    await configure({ Kind: 'service-resolver', Name: 'near', PrioritizeByLocality: { Mode: 'failover' } });
    await onlyBy('near-1', 'near');
    expect(new Set(await answers('near', 30))).toEqual(new Set(['200 near-1']));
    await near.setHealthy(false);
    await onlyBy('near-2', 'near');
    await region.setHealthy(false);
    await onlyBy('near-3', 'near');
    await near.setHealthy(true);
    await onlyBy('near-1', 'near');
  });

  const upstream = (...Overrides: readonly object[]) =>
    configure({ Kind: 'service-defaults', Name: 'web', Protocol: 'http', UpstreamConfig: { Overrides } });

  it('an instance that fails is left out for a while, and comes back', async () => {
    await upstream({
      Name: 'sick',
      PassiveHealthCheck: {
        Interval: '200ms',
        ConsecutiveGatewayFailure: 2,
        EnforcingConsecutiveGatewayFailure: 100,
        EnforcingConsecutive5xx: 0,
        BaseEjectionTime: '3s',
        MaxEjectionPercent: 100,
      },
    });
    await start('sick', 1);
    const sick = await start('sick', 2);
    sick.always = { status: 503 };
    await mesh.reaches('web', 'sick');
    await until('the failing instance being asked', async () => {
      await call('sick');
      return sick.arrivals.length > 0;
    });
    await onlyBy('sick-1', 'sick');
    const stats = await mesh.envoy('web').stats('^cluster\\.sick\\..*enforced_consecutive_gateway_failure$');
    expect(Math.max(...stats.values())).toBeGreaterThan(0);
    sick.always = {};
    await until('both answering', async () => {
      const seen = new Set(await answers('sick', 10));
      return seen.has('200 sick-1') && seen.has('200 sick-2');
    });
  });

  it('a subset has the instances that its filter names, and where it says so those that pass only', async () => {
    const Meta = { version: '2' };
    await start('subset', 1, { Meta: { version: '1' } });
    await start('subset', 2, { Meta, Check: { CheckID: 'subset-2-ttl', TTL: '1h', Status: 'passing' } });
    await start('subset', 3, { Meta });
    const subset = (OnlyPassing: boolean) =>
      configure({
        Kind: 'service-resolver',
        Name: 'subset',
        DefaultSubset: 'v2',
        Subsets: { v2: { Filter: 'Service.Meta.version == 2', OnlyPassing } },
      });
    await subset(false);
    await mesh.reaches('web', 'subset');
    await until('both of the subset', async () => new Set(await answers('subset', 20)).size === 2);
    expect((await answers('subset', 20)).filter((answer) => answer.endsWith('subset-1'))).toEqual([]);
    await mesh.plane.put('/v1/agent/check/warn/subset-2-ttl');
    await mesh.plane.settled('web');
    expect(new Set(await answers('subset', 20)).size).toBe(2);
    await subset(true);
    await onlyBy('subset-3', 'subset');
  });

  it('a limit of nothing lets nothing through, and without it everything passes again', async () => {
    await start('limited', 1);
    await mesh.reaches('web', 'limited');
    await upstream({ Name: 'limited', Limits: { MaxConcurrentRequests: 0 } });
    await until('refusals', async () => (await call('limited')).status === 503);
    expect(new Set((await answers('limited', 10)).map((answer) => answer.slice(0, 3)))).toEqual(new Set(['503']));
    expect((await call('limited')).headers['x-envoy-overloaded']).toBe('true');
    await upstream({ Name: 'limited' });
    await onlyBy('limited-1', 'limited');
  });

  it('retries stay within their budget', async () => {
    const budget = await start('budget', 1);
    await configure({
      Kind: 'service-router',
      Name: 'budget',
      Routes: [{ Destination: { RetryOn: ['5xx'], NumRetries: 1 } }],
    });
    const tries = async (RetryBudget: object): Promise<number> => {
      await upstream({ Name: 'budget', Limits: { RetryBudget } });
      await mesh.reaches('web', 'budget');
      budget.arrivals.length = 0;
      budget.next.push({ status: 503 });
      const { status } = await call('budget');
      expect(status).toBe(budget.arrivals.length === 1 ? 503 : 200);
      return budget.arrivals.length;
    };
    expect(await tries({ Percent: 0, MinConcurrency: 0 })).toBe(1);
    const overflown = await mesh.envoy('web').stats('^cluster\\.budget\\..*upstream_rq_retry_overflow$');
    expect(Math.max(...overflown.values())).toBe(1);
    expect(await tries({ Percent: 20, MinConcurrency: 5 })).toBe(2);
  });

  it('a new instance gets its share little by little, when that is asked for', async () => {
    await start('slow', 1);
    await configure({
      Kind: 'service-resolver',
      Name: 'slow',
      LoadBalancer: { Policy: 'least_request', SlowStart: { Window: '1m', Aggression: 2, MinWeightPercent: 5 } },
    });
    await mesh.reaches('web', 'slow');
    await start('slow', 2);
    await until('both instances being called', async () => new Set(await answers('slow', 20)).size === 2);
    const dump = JSON.stringify(
      JSON.parse(await mesh.envoy('web').admin('/config_dump?resource=dynamic_active_clusters')),
    );
    expect(dump).toMatch(/"slow_start_config":\{"slow_start_window":"60s","aggression":\{"default_value":2,/);
    expect((await mesh.plane.proxy('web-sidecar-proxy')).Refused).toBe(0);
  });

  it('requests that are alike go to one instance, by header and by cookie', async () => {
    for (const number of [1, 2, 3]) await start('sticky', number);
    await configure({
      Kind: 'service-resolver',
      Name: 'sticky',
      LoadBalancer: {
        Policy: 'ring_hash',
        HashPolicies: [
          { Field: 'header', FieldValue: 'x-user', Terminal: true },
          { Field: 'cookie', FieldValue: 'session', CookieConfig: { TTL: '1h', Path: '/' } },
        ],
      },
    });
    await mesh.reaches('web', 'sticky');
    const chosen = new Set<string>();
    for (let user = 0; user < 16; user++) {
      const seen = new Set(await answers('sticky', 5, { headers: { 'x-user': `user ${user}` } }));
      expect(seen.size).toBe(1);
      for (const one of seen) chosen.add(one);
    }
    expect(chosen.size).toBeGreaterThan(1);
    const first = await call('sticky');
    const [given = ''] = first.headers['set-cookie'] ?? [];
    expect(given).toMatch(/^session="?\w+"?; Max-Age=3600; Path=\/; HttpOnly/);
    const cookie = given.split(';')[0] ?? '';
    expect(new Set(await answers('sticky', 12, { headers: { cookie } }))).toEqual(
      new Set([`200 ${String(first.headers['x-who'])}`]),
    );
  });

  it('headers are added, set and removed, on requests and answers, by routes and legs of a split', async () => {
    for (const service of ['heads', 'tails']) {
      const instance = await start(service, 1);
      instance.always = { headers: { 'x-secret': 'app', 'x-version': 'app' } };
    }
    await mesh.plane.configure({
      Kind: 'service-splitter',
      Name: 'heads',
      Splits: ['heads', 'tails'].map((Service) => ({
        ...{ Weight: 50, Service },
        RequestHeaders: { Set: { 'x-leg': Service } },
        ResponseHeaders: { Set: { 'x-leg': Service } },
      })),
    });
    await configure({
      Kind: 'service-router',
      Name: 'heads',
      Routes: [
        {
          Destination: {
            RequestHeaders: { Add: { 'x-list': 'two' }, Set: { 'x-set': 'route' }, Remove: ['x-gone'] },
            ResponseHeaders: { Add: { 'x-more': 'route' }, Set: { 'x-version': 'route' }, Remove: ['x-secret'] },
          },
        },
      ],
    });
    await mesh.reaches('web', 'heads');
    const legs = new Set<string>();
    await until('both legs', async () => {
      const { headers, text } = await call('heads', { headers: { 'x-list': 'one', 'x-set': 'own', 'x-gone': '1' } });
      const arrived = (JSON.parse(text) as { headers: Record<string, string> }).headers;
      const leg = String(headers['x-leg']);
      expect(arrived).toMatchObject({ 'x-list': 'one, two', 'x-set': 'route', 'x-leg': leg });
      expect(arrived).not.toHaveProperty('x-gone');
      expect(headers).toMatchObject({ 'x-who': `${leg}-1`, 'x-more': 'route', 'x-version': 'route' });
      expect(headers).not.toHaveProperty('x-secret');
      legs.add(leg);
      return legs.size === 2;
    });
  });

  it('an instance answers 429 to what is above its limit, and paths have limits of their own', async () => {
    await mesh.reaches('web', 'api');
    await mesh.plane.configure({
      Kind: 'service-defaults',
      Name: 'api',
      Protocol: 'http',
      RateLimits: {
        InstanceLevel: {
          RequestsPerSecond: 1,
          RequestsMaxBurst: 10,
          Routes: [
            { PathPrefix: '/free/', RequestsPerSecond: 10_000 },
            { PathExact: '/login', RequestsPerSecond: 1 },
          ],
        },
      },
    });
    await mesh.plane.settled('api');
    // Connections of before keep the old rules until they are drained.
    await until('the limit being in force', async () => {
      await call('api', { path: '/free/x' });
      const counted = await mesh.envoy('api').stats('http_local_rate_limit\\.enabled$');
      return Math.max(0, ...counted.values()) > 5;
    });
    const burst = async (path: string, count: number) => {
      const startedAt = performance.now();
      const statuses = await Promise.all(
        Array.from({ length: count }, async () => (await call('api', { path })).status),
      );
      expect(new Set(statuses).size).toBeLessThanOrEqual(2);
      const seconds = (performance.now() - startedAt) / 1000;
      const passed = statuses.filter((status) => status === 200).length;
      expect(statuses.filter((status) => status === 429).length).toBe(count - passed);
      return { passed, refilled: Math.ceil(seconds) + 1 };
    };
    const common = await burst('/', 40);
    expect(common.passed).toBeGreaterThanOrEqual(10);
    expect(common.passed).toBeLessThanOrEqual(10 + common.refilled);
    const login = await burst('/login', 20);
    expect(login.passed).toBeGreaterThanOrEqual(1);
    expect(login.passed).toBeLessThanOrEqual(1 + login.refilled);
    expect((await burst('/free/y', 40)).passed).toBe(40);
    await until('the next second', async () => (await call('api')).status === 200);
  });
});
