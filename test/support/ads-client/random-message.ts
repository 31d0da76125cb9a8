import protobuf from 'protobufjs';
import { lookupType } from './message-types.js';

/** A source of numbers in [0, 1). */
export type Random = () => number;

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const whole = (random: Random, low: number, high: number) => Math.floor(low + random() * (high - low + 1));

function scalar(random: Random, field: protobuf.Field): unknown {
  if (field.resolvedType instanceof protobuf.Enum) return pick(random, Object.values(field.resolvedType.values));
  switch (field.type) {
    case 'string':
      return pick(random, ['', 'a', 'name', '/path', 'ünïcode "quoted" <&> é', 'x'.repeat(40)]);
    case 'bytes':
      return Uint8Array.from({ length: whole(random, 0, 5) }, () => whole(random, 0, 255));
    case 'bool':
      return random() < 0.6;
    case 'double':
      return pick(random, [0, 0.1, -2.5, 1e21, 1e-7, 123456789.125]);
    case 'float':
      return pick(random, [0, 0.1, 33.333, -2.5, 1e10]);
    case 'int32':
    case 'sint32':
    case 'sfixed32':
      return pick(random, [0, 1, -1, 2147483647, -2147483648]);
    case 'int64':
    case 'sint64':
    case 'sfixed64':
      return pick(random, ['0', '5', '-5', '9007199254740993', '-9223372036854775808']);
    case 'uint64':
    case 'fixed64':
      return pick(random, ['0', '5', '18446744073709551615']);
    default:
      return pick(random, [0, 1, 7, 4294967295]);
  }
}

const wellKnown: Readonly<Record<string, (random: Random, depth: number) => object>> = {
  '.google.protobuf.Duration': (random) => {
    const sign = random() < 0.2 ? -1 : 1;
    return {
      seconds: sign * whole(random, 0, 3000),
      nanos: sign * pick(random, [0, 1, 1_000, 250_000_000, 999_999_999]),
    };
  },
  '.google.protobuf.Timestamp': (random) => ({
    seconds: whole(random, 0, 2_000_000_000),
    nanos: pick(random, [0, 5_000_000, 7]),
  }),
  '.google.protobuf.Value': (random, depth) => {
    const simple = [
      { nullValue: 0 },
      { numberValue: 1.5 },
      { numberValue: 0 },
      { stringValue: 'text' },
      { stringValue: '' },
      { boolValue: false },
    ];
    if (depth <= 0) return pick(random, simple);
    return pick(random, [
      ...simple,
      { listValue: { values: [pick(random, simple), pick(random, simple)] } },
      { structValue: { fields: { inner: pick(random, simple) } } },
    ]);
  },
  // Field masks must have names that survive the way to camelCase and back.
  '.google.protobuf.FieldMask': () => ({ paths: ['some_field', 'other.inner_field'] }),
};

function anyOf(random: Random, shape: Shape): object {
  const type = lookupType(pick(random, shape.inside));
  if (!type) return {};
  const fields = randomFields(random, type, { ...shape, depth: shape.depth - 1 });
  return {
    type_url: `type.googleapis.com${type.fullName.replace(/^\./, '/')}`,
    value: type.encode(type.fromObject(fields)).finish(),
  };
}

/** How made-up messages look. */
export interface Shape {
  /** How deep messages nest. */
  readonly depth: number;
  /** The types of which an Any may be. */
  readonly inside: readonly string[];
  /** The share of fields that are set, 0 to 1. */
  readonly density: number;
}

/** Made-up fields of a message type, for `fromObject`: any field may be set, one member of each oneof at most. */
export function randomFields(random: Random, type: protobuf.Type, shape: Shape): object {
  const { depth, density } = shape;
  const own = wellKnown[type.fullName];
  if (own) return own(random, depth);
  const out: Record<string, unknown> = {};
  const taken = new Set<protobuf.OneOf>();
  for (const field of type.fieldsArray) {
    const message = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
    if (random() > density || (message && depth <= 0)) continue;
    if (field.partOf) {
      if (taken.has(field.partOf)) continue;
      taken.add(field.partOf);
    }
    const one = (): unknown => {
      if (!message) return scalar(random, field);
      if (message.fullName === '.google.protobuf.Any') return anyOf(random, shape);
      return randomFields(random, message, { ...shape, depth: depth - 1 });
    };
    if (field.map) out[field.name] = { first: one(), 'second key': one() };
    else if (field.repeated) out[field.name] = Array.from({ length: whole(random, 0, 2) }, one);
    else out[field.name] = one();
  }
  return out;
}
