import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import {
  type Field,
  alias,
  always,
  decimal,
  decode,
  duration,
  encode,
  flag,
  integer,
  list,
  map,
  named,
  nullable,
  object,
  oneOf,
  opaque,
  optional,
  text,
  tryDecode,
} from '../../../src/model/wire/index.js';

interface Inner {
  readonly pathPrefix: string;
  readonly methods: readonly string[];
}

interface Sample {
  readonly checkId: string;
  readonly externalSni: string;
  readonly envoyListenerJson: string;
  readonly mode: '' | 'direct' | 'transparent';
  readonly enabled: boolean;
  readonly port: number;
  readonly weight: number;
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly connectTimeoutMs: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly inner: Inner;
  readonly maybe?: Inner;
  readonly limit?: number;
  readonly peer: string;
}

const inner: Field<Inner> = object<Inner>({ pathPrefix: text(), methods: list(text()) });

const sample: Field<Sample> = object<Sample>(
  {
    checkId: text(),
    externalSni: text(),
    envoyListenerJson: text(),
    mode: oneOf(['direct', 'transparent']),
    enabled: always(flag()),
    port: integer(),
    weight: decimal(),
    timeoutMs: duration(),
    intervalMs: duration({ shownAs: 'nanoseconds' }),
    connectTimeoutMs: named('ConnectTimeoutMs', integer()),
    meta: map(text()),
    config: nullable(opaque()),
    inner,
    maybe: optional(inner),
    limit: optional(integer()),
    peer: alias(text(), 'PeerName'),
  },
  { ignored: ['ModifyIndex'] },
);

const read = (input: unknown, hclBlocks = false): Sample => decode(sample, input, { what: 'sample', hclBlocks });
const problemsOf = (input: unknown): readonly string[] => {
  const result = tryDecode(sample, input);
  return result.ok ? [] : result.problems.map(({ path, problem }) => `${path} ${problem}`);
};

describe('decoding', () => {
  it('finds keys whatever their case and underscores', () => {
    for (const key of ['EnvoyListenerJSON', 'envoy_listener_json', 'envoylistenerjson', 'EnvoyListenerJson'])
      expect(read({ [key]: '{}' }).envoyListenerJson).toBe('{}');
    expect(read({ check_id: 'a', ExternalSNI: 'b' })).toMatchObject({ checkId: 'a', externalSni: 'b' });
  });

  it('accepts aliases', () => {
    expect(read({ peer_name: 'east' }).peer).toBe('east');
  });

  it('fills in what is absent or null with empty values', () => {
    expect(read({ Meta: null, Port: null })).toEqual({
      checkId: '',
      externalSni: '',
      envoyListenerJson: '',
      mode: '',
      enabled: false,
      port: 0,
      weight: 0,
      timeoutMs: 0,
      intervalMs: 0,
      connectTimeoutMs: 0,
      meta: {},
      config: null,
      inner: { pathPrefix: '', methods: [] },
      peer: '',
    });
  });

  it('keeps optional fields absent, and remembers an optional zero', () => {
    expect(read({})).not.toHaveProperty('limit');
    expect(read({ Limit: 0 })).toHaveProperty('limit', 0);
  });

  it('reads durations as Go text and as nanoseconds', () => {
    expect(read({ Timeout: '1m30s' }).timeoutMs).toBe(90_000);
    expect(read({ Timeout: 1_500_000_000 }).timeoutMs).toBe(1500);
    expect(read({ Timeout: '-1s' }).timeoutMs).toBe(-1000);
    expect(problemsOf({ Timeout: 'soon' })).toEqual([expect.stringContaining('Timeout time: invalid duration')]);
  });

  it('takes numbers and booleans as text and text as numbers and booleans', () => {
    expect(read({ CheckID: 7, Port: '80', Weight: '99.5', Enabled: 'true' })).toMatchObject({
      checkId: '7',
      port: 80,
      weight: 99.5,
      enabled: true,
    });
    expect(read({ Enabled: 0 }).enabled).toBe(false);
  });

  it('refuses unknown fields with their path, in the spelling of the schema up to there', () => {
    expect(problemsOf({ maybe: { path_prefix: '/', nope: 1 } })).toEqual(['Maybe.nope is not a known field']);
    expect(problemsOf({ Foo: 1, ModifyIndex: 5 })).toEqual(['Foo is not a known field']);
  });

  it('reports every problem at once', () => {
    expect(problemsOf({ Port: 'x', Inner: { Methods: [{}] }, Meta: 3, Mode: 'odd' })).toEqual([
      'Port must be a whole number, not text',
      'Inner.Methods[0] must be text, not an object',
      'Meta must be an object, not a number',
      'Mode must be one of "direct", "transparent", not "odd"',
    ]);
  });

  it('refuses a field that is given in two spellings', () => {
    expect(problemsOf({ CheckID: 'a', check_id: 'b' })).toEqual(['CheckID is given twice']);
  });

  it('throws one sentence that begins with what was decoded', () => {
    expect(() => read({ Port: [] })).toThrow(
      new AppError('invalidArgument', 'sample: "Port" must be a whole number, not a list'),
    );
    expect(() => read('text')).toThrow('sample: the value must be an object, not text');
  });

  it('takes a lone value where a list is wanted, and the only block where an object is wanted', () => {
    expect(read({ Inner: [{ Methods: 'GET' }] }).inner.methods).toEqual(['GET']);
  });

  it("keeps the user's keys and nested values of opaque maps", () => {
    const config = { CamelKey: 1, snake_key: { list: [{ a: 1 }] } };
    expect(read({ Config: config }).config).toEqual(config);
  });

  it('takes the blocks of opaque maps out of their lists when the value comes from HCL', () => {
    expect(read({ config: [{ outer: [{ inner: 1 }], plain: [1, 2] }] }, true).config).toEqual({
      outer: { inner: 1 },
      plain: [1, 2],
    });
  });

  it('does not let a key named __proto__ reach a prototype', () => {
    const meta = JSON.parse('{"__proto__":"x","constructor":"y"}') as unknown;
    const result = read({ Meta: meta }).meta;
    expect(Object.entries(result)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(problemsOf(JSON.parse('{"__proto__":{}}'))).toEqual(['__proto__ is not a known field']);
  });

  it('wraps negative numbers of unsigned fields as Go does', () => {
    expect(decode(integer({ unsigned32: true }), -1, { what: 'x' })).toBe(4_294_967_295);
  });
});

describe('encoding', () => {
  it('uses the spelling of the wire and leaves empty fields out', () => {
    expect(encode(sample, read({ CheckID: 'a', Timeout: '90s', Interval: '10s' }))).toEqual({
      CheckID: 'a',
      Enabled: false,
      Timeout: '1m30s',
      Interval: 10_000_000_000,
      Config: null,
      Inner: {},
    });
  });

  it('shows an optional object exactly when it is there, be it empty', () => {
    expect(encode(sample, read({ Maybe: {} }))).toHaveProperty('Maybe', {});
    expect(encode(sample, read({}))).not.toHaveProperty('Maybe');
  });

  it('writes fields in the order of the schema', () => {
    const wire = encode(sample, read({ Peer: 'p', CheckID: 'a', Enabled: true })) as object;
    expect(Object.keys(wire)).toEqual(['CheckID', 'Enabled', 'Config', 'Inner', 'Peer']);
  });
});

describe('decoding what was encoded', () => {
  const innerValues = fc.record({ pathPrefix: fc.string(), methods: fc.array(fc.string()) });
  const values: fc.Arbitrary<Sample> = fc.record(
    {
      checkId: fc.string(),
      externalSni: fc.string(),
      envoyListenerJson: fc.string(),
      mode: fc.constantFrom('' as const, 'direct' as const, 'transparent' as const),
      enabled: fc.boolean(),
      port: fc.maxSafeInteger(),
      weight: fc.integer({ min: -10_000, max: 10_000 }).map((value) => value / 100),
      timeoutMs: fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
      intervalMs: fc.integer({ min: 0, max: 1_000_000 }),
      connectTimeoutMs: fc.nat(),
      meta: fc.dictionary(fc.string(), fc.string()),
      config: fc.option(fc.dictionary(fc.string(), fc.jsonValue())),
      inner: innerValues,
      maybe: innerValues,
      limit: fc.nat(),
      peer: fc.string(),
    },
    {
      requiredKeys: [
        'checkId',
        'externalSni',
        'envoyListenerJson',
        'mode',
        'enabled',
        'port',
        'weight',
        'timeoutMs',
        'intervalMs',
        'connectTimeoutMs',
        'meta',
        'config',
        'inner',
        'peer',
      ],
    },
  );

  it('gives the same value', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(read(encode(sample, value))).toEqual(value);
      }),
    );
  });

  it('never throws anything but a problem, whatever comes in', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        const result = tryDecode(sample, input);
        if (!result.ok) expect(result.problems.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('text that no encoding has', () => {
  it('is read as Consul reads it, in texts, keys and what has no schema', () => {
    const half = '\ud800';
    const field = object<{
      readonly name: string;
      readonly meta: Readonly<Record<string, string>>;
      readonly config: object;
    }>({
      name: text(),
      meta: map(text()),
      config: opaque(),
    });
    const read = decode(
      field,
      { Name: `a${half}b`, Meta: { [half]: half }, Config: { [half]: [{ x: half }] } },
      { what: 'it' },
    );
    expect(read).toEqual({ name: 'a\ufffdb', meta: { '\ufffd': '\ufffd' }, config: { '\ufffd': [{ x: '\ufffd' }] } });
    expect(decode(field, { Name: '\u{1f642}' }, { what: 'it' }).name).toBe('\u{1f642}');
  });
});
