import { describe, expect, test } from 'vitest';
import { decodeConfigEntry } from '../../../src/model/index.js';

const write =
  (...Addresses: readonly string[]) =>
  () =>
    decodeConfigEntry({ Kind: 'service-defaults', Name: 'maps', Destination: { Addresses, Port: 443 } });

describe('addresses of a destination', () => {
  test.each(['maps.example', 'MAPS.example', 'maps', 'a-b_c.example', '192.0.2.1', '::1', 'fd00::1'])(
    'can be %s',
    (address) => {
      expect(write(address)).not.toThrow();
    },
  );

  test.each([
    '',
    ' ',
    'not valid',
    '*.example',
    'maps.example:443',
    'http://maps.example',
    'a..b',
    '-a.b',
    'a\r\nb',
    '[::1]',
  ])('cannot be %j', (address) => {
    expect(write(address)).toThrow(`Destination address '${address}' is invalid`);
  });

  test('are looked at in no time, however odd', () => {
    expect(write(`${'a'.repeat(250)}!`)).toThrow('is invalid');
    expect(write(Array.from({ length: 130 }, () => 'a').join('.'))).toThrow('is invalid');
  });
});
