import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldDescriptor } from '../../../src/xds/envoy-api/field-descriptors.js';
import { loadEnvoyApi } from '../../../src/xds/envoy-api/load-envoy-api.js';
import { UnwrittenAny, encodeAnyAlone, encodePlain } from '../../../src/xds/envoy-api/message-encoder.js';
import { WireWriter } from '../../../src/xds/envoy-api/wire-writer.js';

const TYPES = [
  'envoy.config.cluster.v3.Cluster',
  'envoy.config.listener.v3.Listener',
  'envoy.config.route.v3.RouteConfiguration',
  'envoy.config.endpoint.v3.ClusterLoadAssignment',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'envoy.extensions.filters.http.rbac.v3.RBAC',
  'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  'google.protobuf.Struct',
];
const DEPTH = 4;

/** Any value of a field, deeper messages less often; the unknown words of enums that the loader drops among them. */
function valueOf(field: FieldDescriptor, depth: number): fc.Arbitrary<unknown> {
  const api = loadEnvoyApi();
  if (field.kind === 'message') return messageOf(field.typeName, depth - 1);
  const unknownWord = field.repeated ? [] : ['NO_SUCH_WORD'];
  if (field.kind === 'enum') return fc.constantFrom(...api.enumValues(field.typeName), ...unknownWord);
  const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    TYPE_BOOL: fc.boolean(),
    TYPE_BYTES: fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    TYPE_STRING: fc.oneof(fc.string({ maxLength: 120 }), fc.string({ unit: 'grapheme', maxLength: 60 })),
    TYPE_INT32: fc.integer(),
    TYPE_SINT32: fc.integer(),
    TYPE_SFIXED32: fc.integer(),
    TYPE_UINT32: fc.nat({ max: 0xff_ff_ff_ff }),
    TYPE_FIXED32: fc.nat({ max: 0xff_ff_ff_ff }),
    TYPE_FLOAT: fc.float({ noNaN: true }),
    TYPE_DOUBLE: fc.double({ noNaN: true }),
  };
  const unsigned = field.scalar === 'TYPE_UINT64' || field.scalar === 'TYPE_FIXED64';
  const wide = unsigned ? fc.bigInt(0n, 2n ** 64n - 1n) : fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
  return scalars[field.scalar] ?? fc.oneof(fc.nat(), fc.nat().map(String), wide.map(String));
}

function fieldOf(field: FieldDescriptor, depth: number): fc.Arbitrary<unknown> {
  if (field.isMap) {
    const [key, item] = ['key', 'value'].map((name) => loadEnvoyApi().fields(field.typeName).get(name));
    if (key === undefined || item === undefined) throw new Error(`${field.name} is no map`);
    const keys = key.scalar === 'TYPE_STRING' ? fc.stringMatching(/^[a-z]{1,5}$/) : fc.nat().map(String);
    return fc.dictionary(keys, valueOf({ ...item, repeated: true }, depth), { maxKeys: 3 });
  }
  const value = valueOf(field, depth);
  return field.repeated ? fc.array(value, { maxLength: 3 }) : value;
}

function messageOf(typeName: string, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = [...loadEnvoyApi().fields(typeName).values()].filter(({ kind }) => depth > 0 || kind !== 'message');
  if (fields.length === 0) return fc.constant({});
  return fc
    .uniqueArray(fc.constantFrom(...fields), { maxLength: 4, selector: ({ name }) => name })
    .chain((chosen) =>
      fc.record(Object.fromEntries(chosen.map((field) => [field.name, fieldOf(field, depth)] as const))),
    );
}

const withoutLoneSurrogates = (value: unknown): boolean => !/\\ud[89a-f]/i.test(JSON.stringify(value));

describe('our encoder', () => {
  it.each(TYPES)('makes the same bytes of any %s as the loader', (typeName) => {
    const { serialize } = loadEnvoyApi().message(typeName);
    fc.assert(
      fc.property(messageOf(typeName, DEPTH), (message) => {
        fc.pre(withoutLoneSurrogates(message));
        expect(encodePlain(typeName, message).toString('hex')).toBe(serialize(message).toString('hex'));
      }),
      { numRuns: 150 },
    );
  });

  it('makes an Any of any size, with memory of its own', () => {
    for (const size of [0, 1, 127, 128, 70_000, 300_000]) {
      const any = { type_url: 'type.googleapis.com/x', value: Buffer.alloc(size, 7) };
      const bytes = encodeAnyAlone(any);
      expect(bytes.equals(loadEnvoyApi().message('google.protobuf.Any').serialize(any))).toBe(true);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
  });

  it('writes an Any where it stands as if its message had been packed before', () => {
    const outer = 'envoy.config.listener.v3.Filter';
    fc.assert(
      fc.property(
        fc.constantFrom(...TYPES).chain((name) => messageOf(name, 2).map((message) => ({ name, message }))),
        (of) => {
          fc.pre(withoutLoneSurrogates(of.message));
          const type_url = `type.googleapis.com/${of.name}`;
          const packed = { type_url, value: encodePlain(of.name, of.message) };
          const unwritten = new UnwrittenAny(of.name, of.message);
          expect(unwritten.value).toEqual(packed.value);
          expect(encodeAnyAlone(unwritten)).toEqual(encodeAnyAlone(packed));
          expect(encodePlain(outer, { name: 'x', typed_config: unwritten })).toEqual(
            encodePlain(outer, { name: 'x', typed_config: packed }),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it('goes on after an encoding that failed, with nothing left of it', () => {
    const cluster = 'envoy.config.cluster.v3.Cluster';
    const good = encodePlain(cluster, { name: 'a' });
    expect(() => encodePlain(cluster, { name: 'a', load_assignment: 'text', health_checks: [{}] })).toThrow(/object/);
    expect(() => encodePlain(cluster, { alt_stat_name: 'a', health_checks: {} })).toThrow(/list/);
    expect(encodePlain(cluster, { name: 'a' })).toEqual(good);
  });
});

describe('the writer', () => {
  it('hands out parts and keeps what was written before them', () => {
    const writer = new WireWriter();
    writer.text('end');
    const before = writer.size;
    writer.text('x'.repeat(200_000));
    expect(writer.take(before, false).subarray(3).toString()).toBe('x'.repeat(200_000));
    writer.text('start');
    expect(writer.take(0, true).toString()).toBe('\u0005start\u0003end');
  });
});
