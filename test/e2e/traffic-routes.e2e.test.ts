import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpAnswer, type HttpCall, httpCall, Mesh, until } from '../support/envoy-rig/index.js';
import { type Behaviour, NativeInstance } from './support/native-instance.js';

/** Requests to see a share of 25 % by; five standard deviations are 12 % of them. */
const MANY = 400;

describe('what a route says, at a real Envoy', () => {
  let mesh: Mesh;
  let api: NativeInstance;
  let shadow: NativeInstance;

  beforeAll(async () => {
    mesh = await Mesh.start({ services: [{ id: 'web', calls: ['api', 'pair'] }] });
    for (const Name of ['api', 'shadow', 'pair'])
      await mesh.plane.configure({ Kind: 'service-defaults', Name, Protocol: 'http' });
    api = await NativeInstance.start(mesh, { id: 'api-1', service: 'api' });
    shadow = await NativeInstance.start(mesh, { id: 'shadow-1', service: 'shadow' });
    await mesh.reaches('web', 'api');
  });
  afterAll(() => mesh?.close());
  beforeEach(() => {
    for (const instance of [api, shadow]) {
      instance.arrivals.length = 0;
      instance.next.length = 0;
      instance.always = {};
    }
  });

  const call = (request: Omit<HttpCall, 'port'> = {}): Promise<HttpAnswer> =>
    httpCall({ port: mesh.port('web', 'api'), ...request });
  /** Routes of `api` are these, and the Envoy has them. */
  const route = async (...Routes: readonly object[]): Promise<void> => {
    await mesh.plane.configure({ Kind: 'service-router', Name: 'api', Routes });
    await mesh.plane.settled('web');
  };
  const under = (path: string, Destination: object) => ({ Match: { HTTP: { PathPrefix: path } }, Destination });
  /** The instance does these things in a row; how often it was asked, and what the caller got. */
  const tries = async (path: string, ...behaviours: readonly Behaviour[]) => {
    api.arrivals.length = 0;
    api.next.splice(0, Infinity, ...behaviours);
    const { status } = await call({ path });
    return { status, tries: api.arrived(path).length };
  };

  describe('retries', () => {
    it('happen on the conditions that are named, and on no other', async () => {
      await route(
        under('/5xx', { RetryOn: ['5xx'], NumRetries: 2 }),
        under('/gateway', { RetryOn: ['gateway-error'], NumRetries: 2 }),
        under('/codes', { RetryOnStatusCodes: [404, 418], NumRetries: 2 }),
        under('/4xx', { RetryOn: ['retriable-4xx'], NumRetries: 2 }),
        under('/reset', { RetryOn: ['reset'], NumRetries: 2 }),
        under('/before', { RetryOn: ['reset-before-request'], NumRetries: 2 }),
        under('/header', { RetryOnHeaders: [{ Name: 'x-again', Exact: 'yes' }], NumRetries: 2 }),
        under('/limited', { RetryOn: ['envoy-ratelimited'], NumRetries: 2 }),
        under('/rpc', { RetryOn: ['unavailable', 'cancelled'], NumRetries: 2 }),
        under('/never', {}),
      );
      const failsOnce: Record<string, readonly [Behaviour, number, number]> = {
        '/5xx/500': [{ status: 500 }, 200, 2],
        '/5xx/reset': [{ reset: true }, 200, 2],
        '/5xx/404': [{ status: 404 }, 404, 1],
        '/gateway/503': [{ status: 503 }, 200, 2],
        '/gateway/500': [{ status: 500 }, 500, 1],
        '/codes/418': [{ status: 418 }, 200, 2],
        '/codes/503': [{ status: 503 }, 503, 1],
        '/4xx/409': [{ status: 409 }, 200, 2],
        '/4xx/404': [{ status: 404 }, 404, 1],
        '/reset/reset': [{ reset: true }, 200, 2],
        '/reset/503': [{ status: 503 }, 503, 1],
        '/before/reset': [{ reset: true }, 503, 1],
        '/header/yes': [{ headers: { 'x-again': 'yes' } }, 200, 2],
        '/header/no': [{ headers: { 'x-again': 'no' } }, 200, 1],
        '/limited/429': [{ status: 429, headers: { 'x-envoy-ratelimited': 'true' } }, 200, 2],
        '/limited/plain': [{ status: 429 }, 429, 1],
        '/rpc/14': [{ headers: { 'grpc-status': '14' } }, 200, 2],
        '/rpc/13': [{ headers: { 'grpc-status': '13' } }, 200, 1],
        '/never/503': [{ status: 503 }, 503, 1],
      };
      const seen: Record<string, unknown> = {};
      for (const [path, [behaviour]] of Object.entries(failsOnce)) seen[path] = await tries(path, behaviour);
      expect(seen).toEqual(
        Object.fromEntries(
          Object.entries(failsOnce).map(([path, [, status, count]]) => [path, { status, tries: count }]),
        ),
      );
    });

    it('end with their number', async () => {
      await route(under('/', { RetryOn: ['5xx'], NumRetries: 3, RetryBackOff: { BaseInterval: '1ms' } }));
      const failing = Array.from({ length: 9 }, () => ({ status: 503 }));
      expect(await tries('/', ...failing)).toEqual({ status: 503, tries: 4 });
    });

    it('go to another instance when a connection fails', async () => {
      await mesh.plane.configure({
        Kind: 'service-router',
        Name: 'pair',
        Routes: [{ Destination: { RetryOn: ['connect-failure'], NumRetries: 1, RetryIgnorePreviousHosts: true } }],
      });
      const dead = await NativeInstance.start(mesh, { id: 'pair-dead', service: 'pair' });
      const alive = await NativeInstance.start(mesh, { id: 'pair-alive', service: 'pair' });
      await mesh.reaches('web', 'pair');
      await until('both instances being called', async () => {
        await httpCall({ port: mesh.port('web', 'pair') });
        return dead.arrivals.length > 0 && alive.arrivals.length > 0;
      });
      await dead.goAway();
      const answers: string[] = [];
      for (let number = 0; number < 20; number++) {
        const { status, headers } = await httpCall({ port: mesh.port('web', 'pair') });
        answers.push(`${status} ${String(headers['x-who'])}`);
      }
      expect(new Set(answers)).toEqual(new Set(['200 pair-alive']));
      const retried = await mesh.envoy('web').stats('^cluster\\.pair.*upstream_rq_retry_success$');
      expect(Math.max(...retried.values())).toBeGreaterThan(0);
    });

    it('begin when a try takes too long, and pause in between', async () => {
      await route(
        under('/slow', { RetryOn: ['5xx'], NumRetries: 1, PerTryTimeout: '1s', RequestTimeout: '20s' }),
        under('/pause', {
          RetryOn: ['5xx'],
          NumRetries: 1,
          RetryBackOff: { BaseInterval: '10m', MaxInterval: '10m', MaxRetryAfter: '5s' },
        }),
      );
      expect(await tries('/slow', { delayMs: 15_000 })).toEqual({ status: 200, tries: 2 });
      const startedAt = performance.now();
      expect(await tries('/pause', { status: 503, headers: { 'retry-after': '1' } })).toEqual({
        status: 200,
        tries: 2,
      });
      const [first, second] = api.arrived('/pause');
      expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(900);
      expect(performance.now() - startedAt).toBeLessThan(15_000);
    });
  });

  it('a request that takes too long is ended with 504', async () => {
    await route(under('/', { RequestTimeout: '1s' }));
    api.next.push({ delayMs: 10_000 });
    expect((await call()).status).toBe(504);
    expect((await call()).status).toBe(200);
  });

  it('copies of a share of the requests go to another service, whose answers nobody sees', async () => {
    await route(
      under('/all', { RequestMirrors: [{ Service: 'shadow' }] }),
      under('/', { RequestMirrors: [{ Service: 'shadow', Percent: 25 }] }),
    );
    shadow.always = { status: 500 };
    expect((await call({ path: '/all', headers: { 'x-a': '1' } })).headers['x-who']).toBe('api-1');
    const [copy] = await until('the copy', () => shadow.arrived('/all').length > 0 && shadow.arrived('/all'));
    expect(copy?.headers).toMatchObject({ 'x-a': '1', host: expect.stringMatching(/-shadow(:\d+)?$/) as string });

    const answers = await inRows(MANY, (number) => call({ path: `/${number}` }));
    expect(new Set(answers.map(({ status, headers }) => `${status} ${String(headers['x-who'])}`))).toEqual(
      new Set(['200 api-1']),
    );
    await until('the last copies', async () => {
      const before = shadow.arrivals.length;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return shadow.arrivals.length === before;
    });
    const share = (100 * shadow.arrived('/').filter(({ path }) => path !== '/all').length) / MANY;
    expect(share).toBeGreaterThan(12);
    expect(share).toBeLessThan(38);
  });

  it('a share of the requests is aborted or delayed on purpose', async () => {
    await route(
      under('/abort', { Fault: { Abort: { HTTPStatus: 418, Percent: 25 } } }),
      under('/delay', { Fault: { Delay: { Duration: '400ms' } } }),
      under('/rpc', { Fault: { Abort: { GRPCStatus: 14 } } }),
      under('/none', { Fault: { Abort: { HTTPStatus: 418, Percent: 0 } } }),
    );
    const statuses = (await inRows(MANY, () => call({ path: '/abort' }))).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 418]));
    const share = (100 * statuses.filter((status) => status === 418).length) / MANY;
    expect(share).toBeGreaterThan(12);
    expect(share).toBeLessThan(38);
    const startedAt = performance.now();
    expect((await call({ path: '/delay' })).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(390);
    const rpc = await call({ path: '/rpc', headers: { 'content-type': 'application/grpc' } });
    expect(rpc.headers['grpc-status']).toBe('14');
    expect((await call({ path: '/none' })).status).toBe(200);
    expect(api.arrived('/rpc')).toEqual([]);
  });

  it('a browser may call from the origins that are allowed', async () => {
    const Cors = {
      AllowOrigins: [{ Exact: 'https://shop.example' }, { Regex: 'https://[a-z]+\\.test' }],
      AllowMethods: ['GET', 'PUT'],
      AllowHeaders: ['x-token'],
      ExposeHeaders: ['x-total'],
      MaxAge: '10m',
      AllowCredentials: true,
    };
    await route(under('/', { Cors, Fault: { Abort: { HTTPStatus: 503 } } }));
    const preflight = (origin: string) =>
      call({ method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } });
    const allowed = await preflight('https://shop.example');
    expect(allowed.status).toBe(200);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://shop.example',
      'access-control-allow-methods': 'GET,PUT',
      'access-control-allow-headers': 'x-token',
      'access-control-max-age': '600',
      'access-control-allow-credentials': 'true',
    });
    expect((await preflight('https://abc.test')).headers['access-control-allow-origin']).toBe('https://abc.test');
    expect((await preflight('https://evil.example')).headers['access-control-allow-origin']).toBeUndefined();
    const aborted = await call({ headers: { origin: 'https://shop.example' } });
    expect(aborted.status).toBe(503);
    expect(aborted.headers).toMatchObject({
      'access-control-allow-origin': 'https://shop.example',
      'access-control-expose-headers': 'x-total',
    });
  });

  it('the proxy answers by itself', async () => {
    const Headers = { 'content-type': 'application/json', 'x-reason': 'moved' };
    await route(
      { Match: { HTTP: { PathExact: '/gone' } }, DirectResponse: { Status: 410, Body: '{"moved":true}', Headers } },
      { Match: { HTTP: { PathExact: '/empty' } }, DirectResponse: { Status: 204 } },
    );
    const gone = await call({ path: '/gone' });
    expect(gone).toMatchObject({
      status: 410,
      text: '{"moved":true}',
      headers: { 'content-type': 'application/json', 'x-reason': 'moved' },
    });
    expect(await call({ path: '/empty' })).toMatchObject({ status: 204, text: '' });
    expect(api.arrivals).toEqual([]);
    expect((await call({ path: '/else' })).headers['x-who']).toBe('api-1');
  });
});

/** Calls one after the other in eight rows. */
async function inRows<Answer>(count: number, ask: (number: number) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  const row = async (): Promise<void> => {
    while (next < count) answers.push(await ask(next++));
  };
  await Promise.all(Array.from({ length: 8 }, row));
  return answers;
}
