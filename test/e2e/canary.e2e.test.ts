import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Mesh, OUTERMOST_ENVOYS } from '../support/envoy-rig/index.js';
import { measureShares, startHttpLoad } from '../support/load/index.js';

const POINTS = 3;
// Chance alone must not fail the test: three points are more than four standard deviations of 10 % of 2,000, and almost four
// of 50 % of 4,000.
const STEPS = [
  { toV1: 90, requests: 2_000 },
  { toV1: 50, requests: 4_000 },
  { toV1: 0, requests: 2_000 },
];

describe.each(OUTERMOST_ENVOYS)('a canary through real Envoys %s', (envoy) => {
  let mesh: Mesh;

  beforeAll(async () => {
    mesh = await Mesh.start({
      envoy,
      services: [
        { id: 'web', calls: ['api'] },
        { id: 'api1', name: 'api', meta: { version: '1' } },
        { id: 'api2', name: 'api', meta: { version: '2' } },
      ],
    });
    await mesh.reaches('web', 'api');
    await mesh.plane.configure({
      Kind: 'service-resolver',
      Name: 'api',
      Subsets: { v1: { Filter: 'Service.Meta.version == 1' }, v2: { Filter: 'Service.Meta.version == 2' } },
    });
  });
  afterAll(() => mesh?.close());

  const split = (toV1: number) =>
    mesh.plane.configure({
      Kind: 'service-splitter',
      Name: 'api',
      Splits: [
        { Weight: toV1, ServiceSubset: 'v1' },
        { Weight: 100 - toV1, ServiceSubset: 'v2' },
      ],
    });

  it.each(STEPS)('$toV1 % for version 1: the shares that the client sees follow', async ({ toV1, requests }) => {
    await split(toV1);
    await mesh.plane.settled();
    const { api1 = 0, api2 = 0, ...others } = await measureShares(mesh.port('web', 'api'), requests);
    expect(others).toEqual({});
    expect(Math.abs(api1 - toV1)).toBeLessThanOrEqual(POINTS);
    expect(Math.abs(api2 - (100 - toV1))).toBeLessThanOrEqual(POINTS);
    if (toV1 === 0) expect(api1).toBe(0);
  });

  it('100 changes of weights, and taking the split away, fail no request of a constant load', async () => {
    const load = startHttpLoad({ port: mesh.port('web', 'api') });
    for (let change = 0; change < 100; change++) {
      await split((change * 37) % 101);
      // Every change reaches the Envoys, or only the last of a burst does: both happen in practice.
      if (change % 2 === 0) await mesh.plane.settled('web');
    }
    await mesh.plane.removeConfig('service-splitter', 'api');
    await mesh.plane.settled();
    await mesh.plane.removeConfig('service-resolver', 'api');
    await mesh.plane.settled();
    const report = await load.stop();
    expect(report.errors).toEqual([]);
    expect(report.failed).toBe(0);
    expect(report.perSecond).toBeGreaterThanOrEqual(200);
    expect(report.answeredBy).toMatchObject({ api1: expect.any(Number), api2: expect.any(Number) });
    expect((await mesh.plane.proxies()).map((proxy) => proxy.Refused)).toEqual([0, 0, 0]);
  });
});
