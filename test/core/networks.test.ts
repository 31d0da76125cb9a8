import { describe, expect, it } from 'vitest';
import { isNetwork, withinNetworks } from '../../src/core/index.js';

describe('networks', () => {
  it.each(['10.0.0.0/8', '192.0.2.7/32', '0.0.0.0/0', 'fd00::/8', '::/0', '2001:db8::1/128'])('%s is one', (text) => {
    expect(isNetwork(text)).toBe(true);
  });

  it.each([
    '',
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'fd00::/129',
    'host/8',
    '10.0.0/8',
    'fe80::1%eth0/64',
  ])('"%s" is none', (text) => {
    expect(isNetwork(text)).toBe(false);
  });

  it('hold the addresses in them, whatever the form, and nothing that is no address', () => {
    const isWithin = withinNetworks(['10.0.0.0/8', 'fd00::/8', '192.0.2.7']);
    expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1', '192.0.2.7'].filter(isWithin)).toHaveLength(4);
    expect(['11.0.0.1', '192.0.2.8', 'fe80::1', '', 'host'].filter(isWithin)).toEqual([]);
    expect(withinNetworks([])('10.0.0.1')).toBe(false);
  });
});
