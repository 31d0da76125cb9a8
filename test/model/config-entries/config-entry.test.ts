import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import {
  checkedConfigEntry,
  configEntryHash,
  configEntryKinds,
  configEntryRequires,
  decodeConfigEntry,
  encodeConfigEntry,
} from '../../../src/model/index.js';

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'none';
  } catch (thrown) {
    return AppError.from(thrown).code;
  }
};

describe('config entries of any kind', () => {
  it('are refused by name when they are not for everybody to write', () => {
    expect(codeOf(() => decodeConfigEntry({ Kind: 'sameness-group', Name: 'x' }))).toBe('unsupported');
    expect(codeOf(() => decodeConfigEntry({ Kind: 'bound-api-gateway', Name: 'x' }))).toBe('permissionDenied');
  });

  it('are refused with more regular expressions and filters than can be checked at once', () => {
    const resolver = (count: number) => ({
      Kind: 'service-resolver',
      Name: 'x',
      Subsets: Object.fromEntries(Array.from({ length: count }, (_, at) => [`v${at}`, { Filter: 'Service.ID == a' }])),
    });
    expect(decodeConfigEntry(resolver(256))).toMatchObject({ name: 'x' });
    expect(() => decodeConfigEntry(resolver(257))).toThrow('has 257 regular expressions and filters; at most 256');
  });

  it('are refused when nobody knows their kind, or they have none', () => {
    expect(() => decodeConfigEntry({ Kind: 'nothing' })).toThrow('invalid config entry kind: nothing');
    expect(codeOf(() => decodeConfigEntry({ Kind: 'constructor' }))).toBe('invalidArgument');
    expect(() => decodeConfigEntry({ Name: 'x' })).toThrow('kind/Kind key');
    expect(() => decodeConfigEntry('text')).toThrow('the body must be an object');
    expect(() => decodeConfigEntry(null)).toThrow('kind/Kind key');
  });

  it('name unknown fields with their path', () => {
    const body = { Kind: 'service-router', Name: 'r', Routes: [{ Match: { HTTP: { PathPrefxi: '/' } } }], Foo: 1 };
    expect(() => decodeConfigEntry(body)).toThrow(
      '2 errors occurred:\n\t* invalid config key "Routes[0].Match.HTTP.PathPrefxi"\n\t* invalid config key "Foo"\n\n',
    );
  });

  it('can be written in HCL, where blocks are lists', () => {
    const entry = decodeConfigEntry(
      {
        kind: 'service-router',
        name: 'web',
        routes: [
          {
            match: [{ http: [{ path_prefix: '/a' }] }],
            destination: [{ service: 'api', request_headers: [{ add: [{ 'x-a': '1' }] }] }],
          },
        ],
      },
      { hclBlocks: true },
    );
    expect(encodeConfigEntry(entry)).toMatchObject({
      Routes: [
        {
          Match: { HTTP: { PathPrefix: '/a' } },
          Destination: { Service: 'api', RequestHeaders: { Add: { 'x-a': '1' } } },
        },
      ],
    });
  });

  it('have one hash whatever the order of their maps', () => {
    const hash = (meta: object): string =>
      configEntryHash(decodeConfigEntry({ Kind: 'service-defaults', Name: 'a', Meta: meta }));
    expect(hash({ a: '1', b: '2' })).toBe(hash({ b: '2', a: '1' }));
    expect(hash({ a: '1' })).not.toBe(hash({ a: '2' }));
    expect(BigInt(hash({}))).toBeLessThan(1n << 64n);
  });

  it('never throw anything but an AppError about the argument, whatever a body holds', () => {
    const bodies = fc
      .record({ Kind: fc.constantFrom(...configEntryKinds), Name: fc.string() })
      .chain((head) =>
        fc
          .dictionary(
            fc.constantFrom(
              'Routes',
              'Splits',
              'Subsets',
              'Failover',
              'Sources',
              'TLS',
              'HTTP',
              'Config',
              'Meta',
              'LoadBalancer',
              'UpstreamConfig',
            ),
            fc.jsonValue({ maxDepth: 4 }),
          )
          .map((rest) => ({ ...head, ...rest })),
      );
    fc.assert(
      fc.property(bodies, (body) => {
        expect(['none', 'invalidArgument']).toContain(codeOf(() => decodeConfigEntry(body)));
      }),
      { numRuns: 500 },
    );
  });

  it('are the same after being read and checked again', () => {
    const entry = decodeConfigEntry({
      Kind: 'service-intentions',
      Name: 'web',
      Sources: [
        { Name: '*', Action: 'deny' },
        { Name: 'a', Action: 'allow' },
      ],
    });
    expect(checkedConfigEntry(entry)).toEqual(entry);
  });

  it('about the whole mesh may be read by all and need mesh:write to be changed', () => {
    for (const body of [{ Kind: 'mesh' }, { Kind: 'proxy-defaults', Name: 'global' }]) {
      const entry = decodeConfigEntry(body);
      expect(configEntryRequires(entry, 'read')).toEqual([]);
      expect(configEntryRequires(entry, 'write')).toEqual([{ resource: 'mesh', name: '', level: 'write' }]);
    }
  });
});

describe('values that would reach Envoy as they are', () => {
  const router =
    (destination: object, match: object = { PathPrefix: '/' }) =>
    () =>
      decodeConfigEntry({
        Kind: 'service-router',
        Name: 'r',
        Routes: [{ Match: { HTTP: match }, Destination: destination }],
      });

  it.each(['a\r\nx: y', 'a\nb', 'a\0b', '\r'])('have no line breaks or NUL: %j', (value) => {
    expect(router({ RequestHeaders: { Set: { x: value } } })).toThrow('must not contain line breaks or NUL');
    expect(router({ ResponseHeaders: { Add: { x: value } } })).toThrow('must not contain line breaks or NUL');
    expect(router({ PrefixRewrite: `/${value}` })).toThrow('must not contain line breaks or NUL');
    expect(() =>
      decodeConfigEntry({
        Kind: 'service-splitter',
        Name: 's',
        Splits: [{ Weight: 100, RequestHeaders: { Add: { x: value } } }],
      }),
    ).toThrow('must not contain line breaks or NUL');
  });

  it.each(['', 'a b', 'x\n', 'ä', ':path', 'Host'])('change no header named %j', (name) => {
    expect(router({ RequestHeaders: { Set: { [name]: 'v' } } })).toThrow();
    expect(router({ RequestHeaders: { Remove: [name] } })).toThrow();
  });

  it('have regular expressions of bounded cost that RE2 knows', () => {
    for (const regex of ['(', '(?=a)', '(a{1000}){1000}', 'a'.repeat(5000)]) {
      expect(router({}, { PathRegex: regex })).toThrow('is not a valid regular expression');
      expect(router({}, { Header: [{ Name: 'x', Regex: regex }] })).toThrow('is not a valid regular expression');
      expect(router({}, { QueryParam: [{ Name: 'x', Regex: regex }] })).toThrow('is not a valid regular expression');
    }
  });
});
