import { describe, expect, it } from 'vitest';
import { allowedNetworks } from '../../../src/cluster/index.js';

describe('the networks from which others may join', () => {
  it('are all when none is named', () => {
    expect(allowedNetworks([])('192.0.2.1')).toBe(true);
  });

  it('have the addresses of either family, however they are written, and no others', () => {
    const allows = allowedNetworks(['10.0.0.0/8', '192.0.2.7/32', 'fd00::/8']);
    const inside = ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', 'fd00::1', '[fd00::1]', 'fd00::1%eth0'];
    const outside = ['11.0.0.1', '192.0.2.8', '::ffff:11.0.0.1', 'fe80::1', '', 'localhost', '10.1.2'];
    expect(inside.filter((address) => !allows(address))).toEqual([]);
    expect(outside.filter(allows)).toEqual([]);
  });
});
