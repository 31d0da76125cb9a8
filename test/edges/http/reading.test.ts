import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { readBlocking } from '../../../src/edges/http/blocking.js';
import { readBody } from '../../../src/edges/http/body.js';
import { checkCacheControl } from '../../../src/edges/http/cache-control.js';
import { cleanPath, originForm } from '../../../src/edges/http/clean-path.js';
import { readConsistency } from '../../../src/edges/http/consistency.js';
import { hasUnprintable } from '../../../src/edges/http/gate.js';
import { toJson } from '../../../src/edges/http/json-writer.js';
import { Query } from '../../../src/edges/http/query.js';
import { readFlag } from '../../../src/edges/http/read-flag.js';
import { parseServiceSpiffeId, serviceSpiffeId } from '../../../src/edges/http/spiffe.js';
import { parseUnsigned } from '../../../src/edges/http/unsigned.js';

const times = { defaultQueryTimeMs: 300_000, maxQueryTimeMs: 600_000 };
const isRefusal = (thrown: unknown): boolean => thrown instanceof AppError && thrown.code === 'invalidArgument';

/** Whether a reader, given anything, gives a value or refuses it as the caller's mistake. */
function neverFaults(read: (text: string) => unknown): boolean {
  const result = fc.check(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.webQueryParameters()), (text) => {
      try {
        read(text);
        return true;
      } catch (thrown) {
        return isRefusal(thrown);
      }
    }),
  );
  return !result.failed;
}

describe('the query', () => {
  test('tells a parameter without a value from one that is absent', () => {
    const query = new Query('recurse&keys=&a=1&a=2');
    expect([query.has('recurse'), query.has('keys'), query.has('raw')]).toEqual([true, true, false]);
    expect([query.get('a'), query.all('a'), query.get('none')]).toEqual(['1', ['1', '2'], '']);
  });

  test('is case-sensitive', () => {
    expect(new Query('RECURSE').has('recurse')).toBe(false);
  });

  test('quotes itself sorted', () => {
    expect(new Query('recurse&cas=1').encoded()).toBe('cas=1&recurse=');
  });

  test.each<[string, (text: string) => unknown]>([
    ['a query', (text) => new Query(text).encoded()],
    ['consistency', (text) => readConsistency(new Query(text), false)],
    ['max_stale', (text) => readConsistency(new Query(`max_stale=${text}`), false)],
    ['index and wait', (text) => readBlocking(new Query(`index=${text}&wait=${text}`), times)],
    ['a flag', (text) => readFlag(new Query(`passing=${text}`), 'passing')],
    ['a number', parseUnsigned],
    ['Cache-Control', checkCacheControl],
    ['a SPIFFE id', (text) => parseServiceSpiffeId(`spiffe://${text}`)],
  ])('%s: anything is read or refused', (_what, read) => {
    expect(neverFaults(read)).toBe(true);
  });
});

describe('consistency', () => {
  test.each([
    ['', 'leader'],
    ['stale', 'stale'],
    ['max_stale=10s', 'stale'],
    ['consistent', 'consistent'],
    ['leader', 'leader'],
  ])('?%s asks for %s', (query, mode) => {
    expect(readConsistency(new Query(query), false).mode).toBe(mode);
  });

  test('is stale by default where that is configured, unless the request asks for more', () => {
    expect(readConsistency(new Query(''), true).mode).toBe('stale');
    expect(readConsistency(new Query('leader'), true).mode).toBe('leader');
    expect(readConsistency(new Query('consistent'), true).mode).toBe('consistent');
  });

  test.each(['stale&consistent', 'max_stale=1s&consistent', 'cached&consistent'])('refuses ?%s', (query) => {
    expect(() => readConsistency(new Query(query), false)).toThrow(/conflicting semantics/);
  });
});

describe('blocking', () => {
  test.each([
    ['', 0, 300_000],
    ['index=7&wait=10s', 7, 10_000],
    ['index=7&wait=2h', 7, 600_000],
    ['index=7&wait=0s', 7, 300_000],
    ['index=18446744073709551615', Number.MAX_SAFE_INTEGER, 300_000],
  ])('?%s waits above %d for %d ms', (query, index, waitMs) => {
    expect(readBlocking(new Query(query), times)).toEqual({ index, waitMs });
  });

  test.each(['index=-1', 'index=x', 'index=1.5', 'index=18446744073709551616'])('refuses ?%s', (query) => {
    expect(() => readBlocking(new Query(query), times)).toThrow(/Invalid index/);
  });

  test.each(['wait=10', 'wait=soon'])('refuses ?%s', (query) => {
    expect(() => readBlocking(new Query(query), times)).toThrow(/Invalid wait time/);
  });
});

describe('paths', () => {
  test('are cleaned once: a clean path stays as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', '..', '.', '', '%2F')), (segments) => {
        const cleaned = cleanPath(`/${segments.join('/')}`);
        expect(cleanPath(cleaned)).toBe(cleaned);
        expect(cleaned).not.toMatch(/\/\/|\/\.\.?(?:\/|$)/);
      }),
    );
  });

  test.each([
    ['/v1/kv/a//b', '/v1/kv/a/b'],
    ['/v1/kv/dot/../x', '/v1/kv/x'],
    ['/v1/kv/trail/', '/v1/kv/trail/'],
    ['/../../etc', '/etc'],
    ['//', '/'],
    ['/v1/kv/a%2F%2Fb', '/v1/kv/a%2F%2Fb'],
  ])('%s means %s', (path, cleaned) => {
    expect(cleanPath(path)).toBe(cleaned);
  });

  test.each([
    ['/v1/kv/a?x', '/v1/kv/a?x'],
    ['http://agent:8500/v1/kv/a?x', '/v1/kv/a?x'],
    ['HTTPS://u@agent', '/'],
    ['http://agent?x=/v1', '/?x=/v1'],
    ['*', '*'],
  ])('may come as clients of a proxy write them: %s is %s', (target, path) => {
    expect(originForm(target)).toBe(path);
  });

  test('may hold any language but no control characters', () => {
    expect(hasUnprintable('/v1/kv/été 漢字')).toBe(false);
    for (const path of ['/a\u0001', '/a\u0000', '/a\n', '/a\u007f', '/a\u0085', '/a\u2028'])
      expect(hasUnprintable(path)).toBe(true);
  });
});

describe('the JSON writer', () => {
  const value = fc.jsonValue();

  test('writes what the native one writes', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(0, 4), (given, indent) => {
        expect(toJson(given, indent)).toBe(JSON.stringify(given, undefined, indent));
      }),
    );
  });

  test('writes the same around a number beyond 2^53, and that number in full', () => {
    fc.assert(
      fc.property(
        value,
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
        fc.constantFrom(0, 4),
        (given, big, indent) => {
          const text = toJson({ given, big }, indent);
          expect(text).toContain(`${big}`);
          expect(text.replace(`${big}`, '0')).toBe(JSON.stringify({ given, big: 0 }, undefined, indent));
        },
      ),
    );
  });

  test('leaves out what is undefined, also beside big numbers', () => {
    expect(toJson({ a: undefined, b: 1n, c: [undefined] })).toBe('{"b":1,"c":[null]}');
  });
});

describe('the body', () => {
  test('is read up to its limit and not a byte further, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 })), fc.nat(100), async (chunks, limit) => {
        const whole = Buffer.concat(chunks);
        const read = readBody(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), 0, limit, 'too large');
        if (whole.length <= limit) expect((await read).equals(whole)).toBe(true);
        else await expect(read).rejects.toMatchObject({ code: 'tooLarge' });
      }),
    );
  });

  test('is refused by its announced length before anything is read', async () => {
    const stream = new Readable({ read: () => expect.unreachable('the body was read') });
    await expect(readBody(stream, 11, 10, 'too large')).rejects.toMatchObject({
      code: 'tooLarge',
      message: 'too large',
    });
  });

  test('that breaks off is no fault of ours', async () => {
    const stream = new Readable({
      read() {
        this.destroy(new Error('reset'));
      },
    });
    await expect(readBody(stream, 0, 10, 'too large')).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('SPIFFE ids', () => {
  test('are read as they are written', () => {
    const id = serviceSpiffeId({ trustDomain: 'td.consul', datacenter: 'dc1', service: 'web' });
    expect(id).toBe('spiffe://td.consul/ns/default/dc/dc1/svc/web');
    expect(parseServiceSpiffeId(id)).toEqual({
      trustDomain: 'td.consul',
      namespace: 'default',
      datacenter: 'dc1',
      service: 'web',
    });
  });

  test.each([
    ['', /valid Connect identifier/],
    ['nope', /valid Connect identifier/],
    ['spiffe://td.consul', /valid Service identifier/],
    ['spiffe://td.consul/gateway/mesh/dc/dc1', /valid Service identifier/],
    ['spiffe://td.consul/ns/default/svc/web', /valid Connect identifier/],
    ['spiffe://td.consul/ns/default/dc/dc1/svc/%zz', /valid Connect identifier/],
  ])('%s is refused', (uri, problem) => {
    expect(() => parseServiceSpiffeId(uri)).toThrow(problem);
  });
});
