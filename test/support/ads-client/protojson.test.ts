import { describe, expect, it } from 'vitest';
import { packed } from '../ads-server/packed.js';
import { anyToJson } from './protojson.js';

const cluster = 'envoy.config.cluster.v3.Cluster';
const json = (type: string, fields: object) => {
  const { '@type': url, ...rest } = anyToJson(packed(type, fields));
  expect(url).toBe(`type.googleapis.com/${type}`);
  return rest;
};

describe('a resource as protojson', () => {
  it.each([
    [{ seconds: 5 }, '5s'],
    [{ nanos: 250_000_000 }, '0.250s'],
    [{ nanos: 1_000 }, '0.000001s'],
    [{ seconds: 1, nanos: 1 }, '1.000000001s'],
    [{ seconds: -1, nanos: -500_000_000 }, '-1.500s'],
    [{}, '0s'],
  ])('writes the duration %j as %s', (duration, text) => {
    expect(json(cluster, { connect_timeout: duration })).toEqual({ connect_timeout: text });
  });

  it('writes wrappers as their value, also when that is zero', () => {
    expect(json(cluster, { per_connection_buffer_limit_bytes: { value: 0 }, upstream_connection_options: {} })).toEqual(
      {
        per_connection_buffer_limit_bytes: 0,
        upstream_connection_options: {},
      },
    );
  });

  it('leaves zeros out, but not the set member of a oneof', () => {
    expect(json(cluster, { name: '', respect_dns_ttl: false, type: 0 })).toEqual({ type: 'STATIC' });
  });

  it('writes enums by name, or by number where the name is not known', () => {
    expect(json(cluster, { lb_policy: 'RING_HASH' })).toEqual({ lb_policy: 'RING_HASH' });
    expect(json(cluster, { lb_policy: 77 })).toEqual({ lb_policy: 77 });
  });

  it('writes 64-bit integers as text and 32-bit floats with few digits', () => {
    expect(json(cluster, { ring_hash_lb_config: { minimum_ring_size: { value: '9007199254740993' } } })).toEqual({
      ring_hash_lb_config: { minimum_ring_size: '9007199254740993' },
    });
    expect(json('google.protobuf.FloatValue', { value: Math.fround(0.1) })).toEqual({ value: 0.1 });
  });

  it('writes bytes in base64, Struct as plain values and Any under its type', () => {
    const fields = { a: { numberValue: 0 }, b: { nullValue: 0 }, c: { listValue: { values: [{ boolValue: false }] } } };
    expect(json(cluster, { metadata: { filter_metadata: { f: { fields } } } })).toEqual({
      metadata: { filter_metadata: { f: { a: 0, b: null, c: [false] } } },
    });
    expect(json('envoy.config.core.v3.DataSource', { inline_bytes: Buffer.from([0xfb, 0xff]) })).toEqual({
      inline_bytes: '+/8=',
    });
    const inner = packed('google.protobuf.Duration', { seconds: 3 });
    expect(json('envoy.config.core.v3.TypedExtensionConfig', { name: 'x', typed_config: inner })).toEqual({
      name: 'x',
      typed_config: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '3s' },
    });
  });

  it('shows the bytes of what it cannot read', () => {
    expect(anyToJson({ type_url: 'type.googleapis.com/made.Up', value: Buffer.from([1]) })).toEqual({
      '@type': 'type.googleapis.com/made.Up',
      undecodable: 'no message type is called type.googleapis.com/made.Up',
      bytes: 'AQ==',
    });
  });
});
