import { describe, expect, it } from 'vitest';
import { envoyApiOf, loadEnvoyApi } from '../../../src/xds/envoy-api/load-envoy-api.js';

const api = loadEnvoyApi();
const field = (typeName: string, name: string) => api.fields(typeName).get(name);

describe('what is known of the Envoy API', () => {
  it('tells scalars, messages, enums and lists apart, with their names in JSON', () => {
    const cluster = 'envoy.config.cluster.v3.Cluster';
    expect(field(cluster, 'alt_stat_name')).toEqual({
      ...{ name: 'alt_stat_name', number: 28, jsonName: 'altStatName' },
      ...{ kind: 'scalar', scalar: 'TYPE_STRING', typeName: '', repeated: false, isMap: false },
    });
    expect(field(cluster, 'connect_timeout')).toMatchObject({ kind: 'message', typeName: 'google.protobuf.Duration' });
    expect(field(cluster, 'lb_policy')).toMatchObject({ kind: 'enum', typeName: `${cluster}.LbPolicy` });
    expect(field(cluster, 'filters')).toMatchObject({ repeated: true, isMap: false });
  });

  it('knows maps as lists of entries, which have a key and a value', () => {
    const metadata = field('envoy.config.core.v3.Metadata', 'filter_metadata');
    expect(metadata).toMatchObject({ kind: 'message', repeated: true, isMap: true });
    const entry = api.fields(metadata?.typeName ?? '');
    expect(entry.get('key')).toMatchObject({ number: 1, scalar: 'TYPE_STRING' });
    expect(entry.get('value')).toMatchObject({ number: 2, typeName: 'google.protobuf.Struct' });
    expect(api.describes(metadata?.typeName ?? '')).toBe(true);
  });

  it('knows which fields exclude each other', () => {
    const oneofs = api.oneofs('envoy.config.core.v3.Address');
    expect(oneofs.get('socket_address')).toBe('address');
    expect(oneofs.get('pipe')).toBe('address');
    expect(api.oneofs('envoy.config.core.v3.BindConfig').size).toBe(0);
  });

  it('knows the values of enums by number, the zero one first', () => {
    const policy = 'envoy.config.cluster.v3.Cluster.LbPolicy';
    expect(api.enumValues(policy)[0]).toBe('ROUND_ROBIN');
    expect(api.enumNumbers(policy).get('RING_HASH')).toBe(2);
    expect(api.enumName(policy, 2)).toBe('RING_HASH');
    expect(api.enumName(policy, 999)).toBeUndefined();
  });

  it('has no codec for messages inside messages, and names what is not loaded', () => {
    const inside = 'envoy.config.cluster.v3.Cluster.CommonLbConfig';
    expect([api.has(inside), api.describes(inside)]).toEqual([false, true]);
    expect(() => api.message('envoy.Nothing')).toThrow('envoy.Nothing is not loaded: add its file');
    expect(() => api.fields('envoy.Nothing')).toThrow('envoy.Nothing is not loaded');
  });

  it('loads the rest for a type that only users write', () => {
    const rare = 'envoy.extensions.filters.http.tap.v3.Tap';
    expect(api.describes(rare)).toBe(false);
    const message = envoyApiOf(rare).message(rare);
    expect(message.deserialize(message.serialize({}))).toEqual({});
  });
});
