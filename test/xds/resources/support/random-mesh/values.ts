import fc from 'fast-check';

/** Few names, so that entries and registrations meet often; one of them is a name that nobody should choose. */
export const SERVICES = ['web', 'api', 'db', 'pay', 'a.b', 'Q r/\u00fc'] as const;
export const SUBSETS = ['v1', 'v2', 'canary'] as const;

/** Texts that nobody expects. */
const HOSTILE = [
  ' ',
  '\u00fc',
  '%',
  '%FOO%',
  '%REQ(:path)%',
  '%REQ(x)%%',
  '${x}',
  '"\\',
  '(',
  '[a-',
  '*',
  '\u0000',
  'a\r\nb: c',
  '\t',
  '\u{1f642}',
  '\ud800',
  '__proto__',
  'constructor',
  '/../..',
  ':path',
  'host',
  '9'.repeat(40),
  'x'.repeat(300),
  '{}',
  '-1',
];

const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 12, unit: 'binary' }));

/** Mostly one of these, now and then something that nobody expects. */
export const text = (...expected: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 40, arbitrary: fc.constantFrom(...expected) }, { weight: 1, arbitrary: hostile });

/** Mostly one of these numbers, now and then one at an edge. */
export const number = (...expected: readonly number[]): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...expected) },
    { weight: 1, arbitrary: fc.constantFrom(0, -1, 1, 65_536, 2_147_483_647, 2_147_483_648, 4_294_967_295, 1e12) },
  );

export const service = text(...SERVICES);
export const subset = text(...SUBSETS);
export const duration = text('1s', '250ms', '0s', '90s', '1h30m', '1ns', '-1s');
export const headerName = text('x-a', 'X-B', 'user-agent', 'x-role', 'authorization');
export const path = text('/', '/a', '/a/b', '/admin', '/a.b', '/%2f');
export const regex = text('.*', '/a/[0-9]+', '(?i)x', '[a-z]{1,20}', 'a|b', '\\d+');
export const method = text('GET', 'POST', 'put', 'DELETE', 'OPTIONS');
export const protocol = text('http', 'http', 'http2', 'grpc', 'tcp');

/** Some of these fields: each is there as often as not. */
export const some = <Fields extends Readonly<Record<string, unknown>>>(
  fields: {
    readonly [Key in keyof Fields]: fc.Arbitrary<Fields[Key]>;
  },
): fc.Arbitrary<Partial<Fields>> => fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<Fields>>;

/** Few of these fields: most are not there. */
export const few = <Fields extends Readonly<Record<string, unknown>>>(
  fields: {
    readonly [Key in keyof Fields]: fc.Arbitrary<Fields[Key]>;
  },
  most = 3,
): fc.Arbitrary<Partial<Fields>> =>
  fc
    .subarray(Object.keys(fields), { maxLength: Math.min(most, Object.keys(fields).length) })
    .chain((keys) =>
      fc.record(Object.fromEntries(keys.map((key) => [key, fields[key] as fc.Arbitrary<unknown>]))),
    ) as fc.Arbitrary<Partial<Fields>>;

export const rarely = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

export const upTo = <Item>(most: number, item: fc.Arbitrary<Item>): fc.Arbitrary<Item[]> =>
  fc.array(item, { maxLength: most });

/** A map from some names. */
export const mapOf = <Value>(
  name: fc.Arbitrary<string>,
  value: fc.Arbitrary<Value>,
): fc.Arbitrary<Record<string, Value>> =>
  fc.array(fc.tuple(name, value), { maxLength: 2 }).map((pairs) => Object.fromEntries(pairs));

export const headerModifiers = some({
  Add: mapOf(headerName, text('a', '%START_TIME%', 'a,b')),
  Set: mapOf(headerName, text('b', '', '100%%')),
  Remove: upTo(2, headerName),
});

/** One way of several to match a text. */
export const oneWay = (...ways: readonly string[]): fc.Arbitrary<object> =>
  fc.constantFrom(...ways).chain((way): fc.Arbitrary<object> => {
    if (way === 'Present') return fc.record({ Present: fc.constant(true), Invert: fc.boolean() });
    if (way === 'Regex') return fc.record({ Regex: regex });
    return text('a', 'B', 'a,b', '\u00e9').map((value) => ({ [way]: value }));
  });

export const pathWay = fc.oneof(
  fc.constant({}),
  path.map((PathExact) => ({ PathExact })),
  path.map((PathPrefix) => ({ PathPrefix })),
  regex.map((PathRegex) => ({ PathRegex })),
);
