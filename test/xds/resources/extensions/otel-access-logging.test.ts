import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Decoded, ExtensionMesh } from './support/extension-mesh.js';

const collector = { GrpcService: { Target: { URI: '127.0.0.1:4317' } } };
const otel = (config: object = {}, more: object = {}) => ({
  Name: 'builtin/otel-access-logging',
  Arguments: { ProxyType: 'connect-proxy', Config: { ...collector, ...config }, ...more },
});

describe('builtin/otel-access-logging', () => {
  let mesh: ExtensionMesh;
  beforeEach(async () => {
    mesh = await ExtensionMesh.start();
  });
  afterEach(() => mesh.stop());

  const logsOf = (listener: string): Decoded =>
    mesh.listener(listener).filter_chains[0].filters.at(-1).typed_config.access_log;

  test('adds a log to those of AccessLogs, of requests as of connections', async () => {
    await mesh.serviceDefaults('front', [otel(), otel({}, { ListenerType: 'outbound' })]);
    for (const [listener, name] of [
      ['public_listener:10.1.0.5:21000', 'inbound'],
      ['orders:127.0.0.1:9191', 'outbound'],
      ['stock:127.0.0.1:9292', 'outbound'],
    ] as const) {
      const [log, ...others] = logsOf(listener);
      expect(others).toEqual([]);
      expect(log.name).toBe('envoy.access_loggers.open_telemetry');
      expect(log.typed_config.common_config).toMatchObject({
        log_name: name,
        grpc_service: { envoy_grpc: { cluster_name: 'local_access_log' } },
      });
    }
    expect(mesh.cluster('local_access_log').type).toBe('STATIC');
    expect(mesh.problems()).toEqual([]);
  });

  test('takes attributes of every type as the texts that Envoy wants, in an order of their own', async () => {
    await mesh.serviceDefaults('front', [
      otel({
        Body: '%PROTOCOL%',
        Attributes: { b: 1, a: 'x', c: true, d: ['p', 2], e: { z: 1.5, y: 'n' } },
        BufferFlushInterval: '2s',
        BufferSizeBytes: 0,
        RetryPolicy: { RetryBackOff: { BaseInterval: '1s', MaxInterval: '3s' }, NumRetries: 2 },
      }),
    ]);
    const [{ typed_config: config }] = logsOf('public_listener:10.1.0.5:21000');
    expect(config.attributes.values).toEqual([
      { key: 'a', value: { string_value: 'x' } },
      { key: 'b', value: { string_value: '1' } },
      { key: 'c', value: { string_value: 'true' } },
      { key: 'd', value: { array_value: { values: [{ string_value: 'p' }, { string_value: '2' }] } } },
      {
        key: 'e',
        value: {
          kvlist_value: {
            values: [
              { key: 'y', value: { string_value: 'n' } },
              { key: 'z', value: { string_value: '1.5' } },
            ],
          },
        },
      },
    ]);
    expect(config.body).toEqual({ string_value: '%PROTOCOL%' });
    expect(config.common_config).toMatchObject({
      buffer_flush_interval: '2s',
      buffer_size_bytes: 0,
      grpc_stream_retry_policy: { retry_back_off: { base_interval: '1s', max_interval: '3s' }, num_retries: 2 },
    });
  });

  test.each<[object, string]>([
    [{ GrpcService: undefined }, 'Arguments.Config.GrpcService is missing: it names the collector'],
    [
      { Attributes: { a: { b: null } } },
      'Arguments.Config.Attributes.a.b must be text, a number, true or false, or a list or map of these',
    ],
    [{ Body: [null] }, 'Arguments.Config.Body must be text, a number, true or false, or a list or map of these'],
    [{ BufferSizeBytes: -1 }, 'Arguments.Config.BufferSizeBytes must be from 0 to 4294967295'],
    [
      { RetryPolicy: { RetryBackOff: { BaseInterval: '5s', MaxInterval: '1s' } } },
      'Arguments.Config.RetryPolicy.RetryBackOff.MaxInterval must not be shorter than BaseInterval',
    ],
  ])('%j is refused when it is written', async (config, problem) => {
    await expect(mesh.serviceDefaults('front', [otel(config)])).rejects.toThrow(
      `invalid EnvoyExtensions[0][builtin/otel-access-logging]: ${problem}`,
    );
  });
});
