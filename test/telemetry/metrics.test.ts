import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { statsdLine } from '../../src/telemetry/statsd.js';
import { createMetrics, createStatsd, type MetricsOptions } from '../../src/telemetry/index.js';

const plain: MetricsOptions = {
  metricsPrefix: 'consul',
  allowedPrefixes: [],
  blockedPrefixes: [],
  filterDefault: true,
  hostname: '',
  prometheus: true,
};
interface Json {
  readonly Timestamp: string;
  readonly Gauges: readonly { readonly Name: string; readonly Value: number }[];
  readonly Counters: readonly Readonly<Record<string, unknown>>[];
  readonly Samples: readonly Readonly<Record<string, unknown>>[];
}
const named = (list: readonly Readonly<Record<string, unknown>>[], name: string) =>
  list.find(({ Name }) => Name === name);

describe('figures as JSON', () => {
  it('are those of the last whole ten seconds', () => {
    let now = 100_000;
    const metrics = createMetrics(
      () => ({ 'consul.state.nodes': 3 }),
      () => now,
      plain,
    );
    metrics.observeRequest('PUT', '/v1/kv/', 200, 2);
    metrics.observeRequest('PUT', '/v1/kv/', 200, 4);
    now = 110_001;
    const { Samples, Counters, Gauges, Timestamp } = metrics.json() as Json;
    expect(Timestamp).toBe('1970-01-01 00:01:40 +0000 UTC');
    expect(Gauges).toEqual([{ Name: 'consul.state.nodes', Value: 3, Labels: {} }]);
    expect(named(Samples, 'consul.kvs.apply')).toMatchObject({ Count: 2, Sum: 6, Min: 2, Max: 4, Mean: 3, Rate: 0.6 });
    expect(named(Samples, 'consul.kvs.apply')?.['Stddev']).toBeCloseTo(Math.SQRT2);
    expect(named(Samples, 'consul.api.http')).toMatchObject({ Labels: { method: 'PUT', path: 'v1_kv_' } });
    expect(named(Counters, 'consul.rpc.request')).toMatchObject({ Count: 2 });
    now = 130_000;
    expect((metrics.json() as Json).Samples).toEqual([]);
  });

  it('bear the configured prefix, the host in gauges, and only the names that the filter lets through', async () => {
    const metrics = createMetrics(
      () => ({ 'consul.a.x': 1, 'consul.b.x': 2 }),
      () => 0,
      {
        ...plain,
        metricsPrefix: 'mesh',
        hostname: 'vm',
        blockedPrefixes: ['mesh.a.', 'mesh.rpc'],
      },
    );
    metrics.observeRequest('GET', '/v1/status/leader', 200, 1);
    const { Gauges, Counters } = metrics.json() as Json;
    expect(Gauges.map(({ Name }) => Name)).toEqual(['mesh.vm.b.x']);
    expect(Counters.map((one) => one['Name'])).toEqual(['meshwright.http.answers']);
    const text = (await metrics.prometheus()) ?? '';
    expect(text).toContain('mesh_b_x 2');
    expect(text).toMatch(/^mesh_api_http_count\{[^}]*path="v1_status_leader"[^}]*\} 1$/m);
    expect(text).not.toContain('mesh_a_x');
  });

  it('are not given to Prometheus where that is switched off', () => {
    expect(
      createMetrics(
        () => ({}),
        () => 0,
        { ...plain, prometheus: false },
      ).prometheus(),
    ).toBeUndefined();
  });
});

describe('StatsD', () => {
  it('is told in its line protocol; nothing in a name breaks a line', () => {
    expect(statsdLine('c', 'consul.x', 1, { path: 'v1_kv_' }, undefined)).toBe('consul.x.v1_kv_:1|c');
    expect(statsdLine('ms', 'consul.x', 2.5, { path: 'a|b' }, ['env:dev'])).toBe('consul.x:2.5|ms|#env:dev,path:a_b');
    expect(statsdLine('g', 'a b:c|d', 1, {}, undefined)).toBe('a_b_c_d:1|g');
  });

  it('receives packets', async () => {
    const receiver = createSocket('udp4');
    await new Promise<void>((resolve) => receiver.bind(0, '127.0.0.1', resolve));
    const packet = new Promise<string>((resolve) => receiver.once('message', (bytes) => resolve(bytes.toString())));
    const statsd = createStatsd({
      address: { host: '127.0.0.1', port: receiver.address().port },
      onProblem: (message) => expect.unreachable(message),
    });
    statsd.send('c', 'consul.a', 1, {});
    statsd.send('g', 'consul.b', 2, {});
    expect(await packet).toBe('consul.a:1|c\nconsul.b:2|g\n');
    statsd.close();
    receiver.close();
  });
});
