import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/core/index.js';
import { findLosses, loadEnvoyApi } from '../../../../src/xds/envoy-api/index.js';
import { removeProperty, setProperty } from '../../../../src/xds/resources/extensions/property-path.js';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const cluster = { typeName: CLUSTER, debug: false };
const TYPES = [
  CLUSTER,
  'envoy.config.endpoint.v3.ClusterLoadAssignment',
  'envoy.config.listener.v3.Listener',
  'envoy.config.route.v3.RouteConfiguration',
] as const;

describe('a property', () => {
  test('is set, with the messages on the way', () => {
    expect(
      setProperty({ name: 'a' }, '/upstream_connection_options/tcp_keepalive/keepalive_probes', 9, cluster),
    ).toEqual({ name: 'a', upstream_connection_options: { tcp_keepalive: { keepalive_probes: { value: 9 } } } });
  });

  test.each([
    ['/respect_dns_ttl', true, { respect_dns_ttl: true }],
    ['/lb_policy', 'RANDOM', { lb_policy: 'RANDOM' }],
    ['/lb_policy', 3, { lb_policy: 'RANDOM' }],
    ['/connect_timeout', '1.5s', { connect_timeout: { seconds: '1', nanos: 500_000_000 } }],
    ['/connect_timeout', { seconds: 7 }, { connect_timeout: { seconds: '7' } }],
    ['/connect_timeout/seconds', 7, { connect_timeout: { seconds: '7' } }],
    ['/per_connection_buffer_limit_bytes', 32_768, { per_connection_buffer_limit_bytes: { value: 32_768 } }],
    ['/per_connection_buffer_limit_bytes', '32768', { per_connection_buffer_limit_bytes: { value: 32_768 } }],
    [
      '/outlier_detection',
      { enforcing_consecutive_5xx: 1, interval: '2s' },
      { outlier_detection: { enforcing_consecutive_5xx: { value: 1 }, interval: { seconds: '2', nanos: 0 } } },
    ],
  ])('%s = %j', (path, value, expected) => {
    const message = setProperty({}, path, value, cluster);
    expect(message).toEqual(expected);
    expect(findLosses(CLUSTER, message)).toEqual([]);
  });

  test('replaces what was there whole', () => {
    const before = { outlier_detection: { success_rate_minimum_hosts: { value: 3 } } };
    expect(setProperty(before, '/outlier_detection', { enforcing_consecutive_5xx: 5 }, cluster)).toEqual({
      outlier_detection: { enforcing_consecutive_5xx: { value: 5 } },
    });
  });

  test('unsets what excludes it', () => {
    const before = { type: 'EDS', round_robin_lb_config: {}, name: 'a' };
    expect(setProperty(before, '/least_request_lb_config/choice_count', 3, cluster)).toEqual({
      type: 'EDS',
      name: 'a',
      least_request_lb_config: { choice_count: { value: 3 } },
    });
  });

  test('is removed; nothing happens where it, or what it is in, is not set', () => {
    const before = { name: 'a', outlier_detection: { interval: { seconds: '1' } } };
    expect(removeProperty(before, '/outlier_detection/interval', cluster)).toEqual({
      name: 'a',
      outlier_detection: {},
    });
    expect(removeProperty(before, '/outlier_detection', cluster)).toEqual({ name: 'a' });
    expect(removeProperty(before, '/respect_dns_ttl', cluster)).toEqual(before);
    expect(removeProperty(before, '/upstream_connection_options/tcp_keepalive', cluster)).toEqual(before);
    expect(removeProperty({ transport_socket: { name: 'tls' } }, '/transport_socket', cluster)).toEqual({});
  });
});

describe('what is refused says why', () => {
  test.each<[string, unknown, string]>([
    ['', 1, `non-empty, non-root Path is required;\navailable ${CLUSTER} fields:\ntransport_socket_matches\nname\n`],
    ['/', 1, 'non-empty, non-root Path is required;'],
    ['name', 'x', 'Path must start with "/", as "/name"'],
    [
      '/nme',
      'x',
      `no match for field 'nme'!\navailable ${CLUSTER} fields:\ntransport_socket_matches\nname\nalt_stat_name\n`,
    ],
    [
      '/outlier_detection/nme',
      1,
      "no match for field 'nme'!\navailable envoy.config.cluster.v3.OutlierDetection fields:\n",
    ],
    ['/outlier_detection/', 1, "no match for field ''!"],
    ['/health_checks/0', 1, '/health_checks is a list: members of lists cannot be addressed'],
    [
      '/typed_extension_protocol_options/x',
      1,
      '/typed_extension_protocol_options is a map: entries of maps cannot be addressed',
    ],
    [
      '/typed_extension_protocol_options',
      {},
      '/typed_extension_protocol_options is a map: entries of maps cannot be set',
    ],
    [
      '/transport_socket/typed_config/value',
      1,
      '/transport_socket/typed_config is a google.protobuf.Any, whose fields',
    ],
    ['/transport_socket/typed_config', {}, '/transport_socket/typed_config is a packed message, which cannot be set'],
    ['/transport_socket', { name: 'x', typed_config: {} }, '/transport_socket/typed_config is a packed message'],
    ['/health_checks', [{}], '/health_checks is a list of messages, which cannot be set'],
    ['/respect_dns_ttl/x', 1, '/respect_dns_ttl is a bool and has no fields'],
    ['/lb_policy/x', 1, '/lb_policy is a word and has no fields'],
    ['/respect_dns_ttl', 'yes', '/respect_dns_ttl must be true or false'],
    ['/respect_dns_ttl', [true], '/respect_dns_ttl takes a single value, not a list or a map'],
    ['/respect_dns_ttl', undefined, '/respect_dns_ttl needs a Value'],
    [
      '/per_connection_buffer_limit_bytes',
      -1,
      '/per_connection_buffer_limit_bytes must be a whole number from 0 to 4294967295',
    ],
    ['/per_connection_buffer_limit_bytes', 1.5, 'must be a whole number from 0 to 4294967295'],
    ['/lb_policy', 'FASTEST', '/lb_policy must be one of ROUND_ROBIN, LEAST_REQUEST'],
    ['/lb_policy', 77, '/lb_policy must be one of'],
    ['/outlier_detection', 5, '/outlier_detection must be a map of fields of envoy.config.cluster.v3.OutlierDetection'],
    ['/outlier_detection', { consecutive: 1 }, "/outlier_detection has no field 'consecutive', only consecutive_5xx, "],
    [
      '/outlier_detection',
      { interval: 'soon' },
      '/outlier_detection/interval must be a duration in seconds, such as "5s"',
    ],
  ])('%s = %j', (path, value, problem) => {
    expect(() => setProperty({}, path, value, cluster)).toThrow(problem);
  });

  test('fields that exclude each other', () => {
    const listener = { typeName: 'envoy.config.core.v3.Address', debug: false };
    expect(() => setProperty({}, '/socket_address', { port_value: 1, named_port: 'x' }, listener)).toThrow(
      '/socket_address cannot have both port_value and named_port',
    );
  });

  test('the first ten fields are listed, or all with Debug', () => {
    const listed = (debug: boolean): string => {
      try {
        setProperty({}, '/nme', 1, { typeName: CLUSTER, debug });
        return '';
      } catch (thrown) {
        return AppError.from(thrown).message;
      }
    };
    expect(listed(false).split('\n')).toHaveLength(13);
    expect(listed(false)).toMatch(/These are the first 10 of \d+; set Debug = true to list them all\.$/);
    expect(listed(true)).toContain('\nround_robin_lb_config\n');
    expect(listed(true)).not.toContain('Debug');
  });
});

/** Paths that follow the descriptors most of the way, and stray now and then. */
const pathOf = (typeName: string): fc.Arbitrary<string> =>
  fc.infiniteStream(fc.nat(1_000_000)).map((stream) => {
    const api = loadEnvoyApi();
    let type = typeName;
    let path = '';
    for (let depth = 0; depth < 6; depth++) {
      const draw = stream.next().value;
      const fields = [...api.fields(type).values()];
      if (draw % 23 === 0 || fields.length === 0) return `${path}/${['x', '', '0', 'typed_config', '@type'][draw % 5]}`;
      const field = fields[draw % fields.length];
      if (field === undefined) return path;
      path += `/${field.name}`;
      if (field.kind !== 'message' || (draw >> 8) % 4 === 0) return path;
      type = field.typeName;
    }
    return path;
  });

const scalar = fc.oneof(
  fc.boolean(),
  fc.integer({ min: -3, max: 70_000 }),
  fc.double({ noNaN: true }),
  fc.string({ maxLength: 8 }),
  fc.constantFrom('5s', '0.25s', 'ROUND_ROBIN', 'V4_ONLY', '', '99999999999'),
  fc.constant(null),
);
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('name', 'value', 'seconds', 'address', 'runtime_key', 'x'), scalar, { maxKeys: 3 }),
);

describe('whatever path and value are given', () => {
  test.each(TYPES)('%s is changed without loss, or refused in a sentence', (typeName) => {
    const target = { typeName, debug: false };
    let set = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(pathOf(typeName), value, fc.boolean()), { maxLength: 6 }), (patches) => {
        let message: Readonly<Record<string, unknown>> = {};
        for (const [path, given, removes] of patches) {
          try {
            message = removes
              ? removeProperty(message, path, target)
              : setProperty(message, path, given ?? undefined, target);
            set++;
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(AppError);
            expect((thrown as AppError).code).toBe('invalidArgument');
          }
          expect(findLosses(typeName, message)).toEqual([]);
        }
      }),
      { numRuns: 400 },
    );
    expect(set).toBeGreaterThan(100);
  });
});
