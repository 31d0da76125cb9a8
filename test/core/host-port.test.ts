import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHostPort, parseHostPort } from '../../src/core/index.js';

describe('a host and a port', () => {
  it.each([
    ['localhost:80', { host: 'localhost', port: 80 }],
    ['10.0.0.1:65535', { host: '10.0.0.1', port: 65_535 }],
    ['[fd00::1]:53', { host: 'fd00::1', port: 53 }],
    [':8125', { host: '', port: 8125 }],
  ])('%s are read, and written as they were', (text, place) => {
    expect(parseHostPort(text)).toEqual(place);
    expect(formatHostPort(place)).toBe(text);
  });

  it.each(['', 'a', 'a:', 'a:b', 'a:0', 'a:65536', 'a:123456', 'fd00::1:53', '[]:1', 'a b:1', 'http://a:1', 'a:1 '])(
    'are not %j',
    (text) => {
      expect(parseHostPort(text)).toBeUndefined();
    },
  );

  it('are the same after writing and reading, whatever the address', () => {
    const port = fc.integer({ min: 1, max: 65_535 });
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), port, (host, number) => {
        expect(parseHostPort(formatHostPort({ host, port: number }))).toEqual({ host, port: number });
      }),
    );
  });
});
