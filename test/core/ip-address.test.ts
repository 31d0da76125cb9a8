import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipVersion } from '../../src/core/index.js';

describe('the version of an IP address', () => {
  test.each([
    ['10.1.0.5', 4],
    ['255.255.255.255', 4],
    ['::', 6],
    ['::1', 6],
    ['2001:db8::1', 6],
    ['1:2:3:4:5:6:7:8', 6],
    ['::ffff:10.0.0.1', 6],
    ['1:2:3:4:5:6:10.0.0.1', 6],
    ['2001:DB8::', 6],
  ])('%s is version %i', (text, version) => expect(ipVersion(text)).toBe(version));

  test.each([
    '',
    'localhost',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.01',
    '10.0.0.1.',
    '10.0.0.1:80',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::12345',
    '::10.0.0.1:1',
    '[::1]',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7:10.0.0.1',
  ])('%j is none', (text) => expect(ipVersion(text)).toBeUndefined());

  test('agrees with Node on anything that looks like one', () => {
    const part = fc.constantFrom(
      ':',
      '::',
      '.',
      '0',
      '1',
      '10',
      '255',
      '256',
      '01',
      'f',
      'ffff',
      '12345',
      'g',
      '10.0.0.1',
      '',
    );
    const texts = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.array(part, { maxLength: 16 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(ipVersion(text) ?? 0).toBe(isIP(text));
      }),
      { numRuns: 2000 },
    );
  });
});
