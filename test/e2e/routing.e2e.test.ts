import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppAnswer, httpCall, Mesh, startHttpApp, until, OUTERMOST_ENVOYS } from '../support/envoy-rig/index.js';
import { startHttpLoad } from '../support/load/index.js';

describe.each(OUTERMOST_ENVOYS)('routes through real Envoys %s', (envoy) => {
  let mesh: Mesh;

  const api = (version: string) => ({
    id: `api${version}`,
    name: 'api',
    meta: { version },
    registration: {
      Checks: [{ CheckID: `mood${version}`, Name: 'what the app says of itself', TTL: '1h', Status: 'passing' }],
    },
  });
  beforeAll(async () => {
    mesh = await Mesh.start({
      envoy,
      services: [{ id: 'web', calls: ['api'] }, api('1'), api('2'), { id: 'billing' }, { id: 'standby' }],
    });
    await mesh.reaches('web', 'api');
  });
  afterAll(() => mesh?.close());

  const call = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<AppAnswer> => {
    const { status, text } = await httpCall({ port: mesh.port('web', 'api'), path, headers, method });
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`);
    return JSON.parse(text) as AppAnswer;
  };
  const who = async (path: string, headers?: Record<string, string>, method?: string): Promise<string> =>
    (await call(path, headers, method)).who;
  /** Whether so many requests in a row are all answered by these. */
  const onlyFrom = async (...names: readonly string[]): Promise<boolean> => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => who('/')));
    return answers.every((name) => names.includes(name));
  };
  const subsets = { v1: { Filter: 'Service.Meta.version == 1' }, v2: { Filter: 'Service.Meta.version == 2' } };

  it('a service-router decides by path, header, query and method, in the order of its routes', async () => {
    await mesh.plane.configure({ Kind: 'service-resolver', Name: 'api', Subsets: subsets, DefaultSubset: 'v1' });
    const match = (HTTP: object, Destination: object) => ({ Match: { HTTP }, Destination });
    await mesh.plane.configure({
      Kind: 'service-router',
      Name: 'api',
      Routes: [
        match({ PathExact: '/exact' }, { ServiceSubset: 'v2' }),
        match({ PathPrefix: '/billing/' }, { Service: 'billing', PrefixRewrite: '/' }),
        match({ PathRegex: '/items/[0-9]+' }, { ServiceSubset: 'v2' }),
        match({ PathPrefix: '/', Header: [{ Name: 'x-canary', Exact: 'yes' }] }, { ServiceSubset: 'v2' }),
        match({ PathPrefix: '/', QueryParam: [{ Name: 'version', Exact: '2' }] }, { ServiceSubset: 'v2' }),
        match(
          { PathPrefix: '/', Methods: ['DELETE', 'PUT'] },
          { Service: 'billing', RequestHeaders: { Set: { 'x-routed': 'by method' } } },
        ),
      ],
    });
    const answers = async () => ({
      exact: await who('/exact'),
      longer: await who('/exactly'),
      prefix: await call('/billing/invoices/7').then((answer) => [answer.who, answer.path]),
      regex: await who('/items/12'),
      'another than the regex': await who('/items/x'),
      header: await who('/', { 'x-canary': 'yes' }),
      'another header': await who('/', { 'x-canary': 'no' }),
      query: await who('/?version=2'),
      method: await call('/', {}, 'DELETE').then((answer) => [answer.who, answer.headers['x-routed']]),
      'another method': await who('/', {}, 'POST'),
      none: await who('/'),
    });
    const expected = {
      exact: 'api2',
      longer: 'api1',
      prefix: ['billing', '/invoices/7'],
      regex: 'api2',
      'another than the regex': 'api1',
      header: 'api2',
      'another header': 'api1',
      query: 'api2',
      method: ['billing', 'by method'],
      'another method': 'api1',
      none: 'api1',
    };
    await mesh.plane.settled();
    // Each of Envoy's threads takes new routes over in its own time.
    await until('the routes', async () => isDeepStrictEqual(await answers(), expected)).catch(() => undefined);
    expect(await answers()).toEqual(expected);
    expect(await onlyFrom('api1')).toBe(true);
    await mesh.plane.removeConfig('service-router', 'api');
    await until('all without a route', async () => (await who('/exact')) === 'api1');
  });

  it('a redirect sends everything to the other service, and back when it is gone', async () => {
    const load = startHttpLoad({ port: mesh.port('web', 'api') });
    await mesh.plane.configure({ Kind: 'service-resolver', Name: 'api', Redirect: { Service: 'billing' } });
    await until('the redirect', () => onlyFrom('billing'));
    await mesh.plane.removeConfig('service-resolver', 'api');
    await until('the end of the redirect', () => onlyFrom('api1', 'api2'));
    expect(await load.stop()).toMatchObject({ failed: 0, errors: [] });
  });

  it('another service takes over when all instances are critical, without a failed request, and hands back', async () => {
    await mesh.plane.configure({ Kind: 'service-resolver', Name: 'api', Failover: { '*': { Service: 'standby' } } });
    await mesh.plane.settled();
    const load = startHttpLoad({ port: mesh.port('web', 'api') });
    await mesh.plane.put('/v1/agent/check/fail/mood1');
    await until('the one that is left', () => onlyFrom('api2'));
    await mesh.plane.put('/v1/agent/check/fail/mood2');
    await until('the failover', () => onlyFrom('standby'));
    await mesh.plane.put('/v1/agent/check/pass/mood1');
    await until('the first that is back', () => onlyFrom('api1'));
    await mesh.plane.put('/v1/agent/check/pass/mood2');
    await until('both', async () => (await onlyFrom('api1', 'api2')) && !(await onlyFrom('api1')));
    expect(await load.stop()).toMatchObject({ failed: 0, errors: [] });
  });

  it('another service takes over when all instances are killed, and hands back when one is there again', async () => {
    for (const id of ['api1', 'api2']) {
      const { port } = mesh.app(id);
      const check = { ID: `alive-${id}`, Name: 'is it there', ServiceID: id, TCP: `127.0.0.1:${port}` };
      await mesh.plane.put('/v1/agent/check/register', { ...check, Interval: '1s', Timeout: '1s', Status: 'passing' });
    }
    await Promise.all(['api1', 'api2'].map((id) => mesh.app(id).close()));
    await mesh.envoy('api2').process.kill();
    await until('the failover', () => onlyFrom('standby'));
    await startHttpApp(mesh.rig, 'api1', { port: mesh.app('api1').port });
    await until('the one that is back', () => onlyFrom('api1'));
    expect(await onlyFrom('api1')).toBe(true);
  });
});
