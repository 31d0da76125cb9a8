import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import {
  decodeAnyDeep,
  decodeMessage,
  findLosses,
  fromProtoJson,
  readProtoJson,
} from '../../../src/xds/envoy-api/index.js';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const LISTENER = 'envoy.config.listener.v3.Listener';
const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

const problemOf = (typeName: string, json: unknown): string => {
  try {
    fromProtoJson(typeName, json);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AppError);
    expect((thrown as AppError).code).toBe('invalidArgument');
    return (thrown as AppError).message;
  }
  return '';
};

describe('protobuf JSON becomes a message', () => {
  test('durations, wrappers, enums and nested messages have their JSON forms', () => {
    const any = fromProtoJson(CLUSTER, {
      '@type': `type.googleapis.com/${CLUSTER}`,
      name: 'own',
      connect_timeout: '1.5s',
      type: 'STATIC',
      per_connection_buffer_limit_bytes: 4096,
      load_assignment: {
        cluster_name: 'own',
        endpoints: [
          { lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: 8765 } } } }] },
        ],
      },
    });
    expect(any.type_url).toBe(`type.googleapis.com/${CLUSTER}`);
    expect(decodeAnyDeep(any)).toMatchObject({
      name: 'own',
      connect_timeout: { seconds: '1', nanos: 500_000_000 },
      per_connection_buffer_limit_bytes: { value: 4096 },
      load_assignment: {
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { port_value: 8765 } } } }] }],
      },
    });
  });

  test('names may be in camelCase, enums numbers, and null means absent', () => {
    const message = readProtoJson(CLUSTER, { connectTimeout: '5s', lbPolicy: 2, name: null });
    expect(message).toEqual({ connect_timeout: { seconds: '5', nanos: 0 }, lb_policy: 2 });
  });

  test('an Any is an object with its type, at any depth', () => {
    const any = fromProtoJson(LISTENER, {
      name: 'own',
      filterChains: [
        {
          filters: [
            {
              name: 'http',
              typedConfig: {
                '@type': `type.googleapis.com/${HCM}`,
                stat_prefix: 'x',
                http_filters: [
                  {
                    name: 'router',
                    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
                  },
                ],
              },
            },
          ],
        },
      ],
    });
    const chains = decodeAnyDeep(any)['filter_chains'];
    expect(chains).toMatchObject([
      { filters: [{ typed_config: { stat_prefix: 'x', http_filters: [{ name: 'router' }] } }] },
    ]);
  });

  test('a well-known type inside an Any stands under "value"', () => {
    const extension = 'envoy.config.core.v3.TypedExtensionConfig';
    const any = fromProtoJson(extension, {
      name: 'x',
      typed_config: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '-0.5s' },
    });
    const { typed_config } = decodeMessage(extension, any.value) as { typed_config: { value: Buffer } };
    expect(decodeMessage('google.protobuf.Duration', typed_config.value)).toMatchObject({ nanos: -500_000_000 });
  });

  test('a type that lives inside another message can be read, though not packed by itself', () => {
    const tracing = readProtoJson(`${HCM}.Tracing`, {
      '@type': `type.googleapis.com/${HCM}.Tracing`,
      random_sampling: { value: 25 },
    });
    expect(tracing).toEqual({ random_sampling: { value: 25 } });
  });

  test('what was read loses nothing when it is encoded', () => {
    const message = readProtoJson(HCM, {
      stat_prefix: 'x',
      codec_type: 'HTTP2',
      stream_idle_timeout: '0s',
      max_request_headers_kb: 60,
      normalize_path: false,
      http2_protocol_options: { max_concurrent_streams: 100, allow_metadata: true },
      route_config: { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'] }] },
    });
    expect(findLosses(HCM, message)).toEqual([]);
  });

  test('any JSON object is a Struct, and comes back as it went in', () => {
    const plain = (value: Record<string, unknown>): unknown => {
      if ('stringValue' in value) return value['stringValue'];
      if ('numberValue' in value) return value['numberValue'];
      if ('boolValue' in value) return value['boolValue'];
      if ('listValue' in value) {
        const { values = [] } = value['listValue'] as { values?: Record<string, unknown>[] };
        return values.map(plain);
      }
      return 'structValue' in value ? fields(value['structValue'] as Record<string, unknown>) : null;
    };
    const fields = (struct: Record<string, unknown>): unknown =>
      Object.fromEntries(
        Object.entries((struct['fields'] ?? {}) as Record<string, Record<string, unknown>>).map(([key, value]) => [
          key,
          plain(value),
        ]),
      );
    const name = fc.string().filter((text) => text !== '__proto__');
    const leaf = fc.oneof(fc.string(), fc.boolean(), fc.constant(null), fc.integer());
    const json = fc.dictionary(name, fc.oneof(leaf, fc.array(leaf), fc.dictionary(name, leaf)));
    fc.assert(
      fc.property(json, (given) => {
        const any = fromProtoJson('google.protobuf.Struct', given);
        expect(fields(decodeMessage('google.protobuf.Struct', any.value))).toEqual({ ...given });
      }),
    );
  });
});

describe('protobuf JSON that is wrong is refused with its place', () => {
  test.each([
    [{ nope: 1 }, 'nope is not a field of envoy.config.cluster.v3.Cluster'],
    [
      { load_assignment: { endpoints: [{ lb_endpoints: [{ no: 1 }] }] } },
      'load_assignment.endpoints[0].lb_endpoints[0].no is not a field of envoy.config.endpoint.v3.LbEndpoint',
    ],
    [{ connect_timeout: 5 }, 'connect_timeout must be a duration in seconds, such as "5s" or "0.25s"'],
    [{ lb_policy: 'FASTEST' }, 'lb_policy must be one of ROUND_ROBIN'],
    [{ name: 5 }, 'name must be text'],
    [
      { per_connection_buffer_limit_bytes: -1 },
      'per_connection_buffer_limit_bytes must be a whole number from 0 to 4294967295',
    ],
    [
      { per_connection_buffer_limit_bytes: 2 ** 32 },
      'per_connection_buffer_limit_bytes must be a whole number from 0 to 4294967295',
    ],
    [{ load_assignment: [] }, 'load_assignment must be an object'],
    [{ dns_resolvers: {} }, 'dns_resolvers must be a list'],
    [{ connect_timeout: '1s', connectTimeout: '2s' }, 'connectTimeout is given twice, in both spellings'],
    [
      { '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener' },
      'the message must be of type envoy.config.cluster.v3.Cluster, not envoy.config.listener.v3.Listener',
    ],
    [
      { transport_socket: { name: 'x', typed_config: {} } },
      'transport_socket.typed_config must be an object with "@type"',
    ],
    [
      { transport_socket: { name: 'x', typed_config: { '@type': 'x/no.Such' } } },
      'transport_socket.typed_config has a type that is not known here: no.Such',
    ],
    ['text', 'the message must be an object'],
  ])('%j', (json, problem) => {
    expect(problemOf(CLUSTER, json)).toContain(problem);
  });

  test('very deep nesting ends with a sentence, not with a full stack', () => {
    let json: unknown = { and_rules: { rules: [] } };
    for (let depth = 0; depth < 5000; depth++) json = { not_rule: json };
    expect(problemOf('envoy.config.rbac.v3.Permission', json)).toContain('is nested more than 100 levels deep');
    expect(problemOf('google.protobuf.Struct', json)).toContain('is nested more than 100 levels deep');
  });

  test('whatever JSON is given, the answer is a message or one AppError', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        problemOf(LISTENER, json);
        problemOf(LISTENER, { filter_chains: [{ filters: [{ typed_config: json }] }], address: json });
      }),
    );
  });
});
