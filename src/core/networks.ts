import { BlockList, isIP } from 'node:net';
import { ipVersion } from './ip-address.js';

/** Whether a text is a network: an IP address and how many of its bits count, `10.0.0.0/8`. */
export function isNetwork(text: string): boolean {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = ipVersion(address);
  return version !== undefined && Number(bits) <= (version === 4 ? 32 : 128);
}

/**
 * Tells whether an IP address is in one of the networks (`10.0.0.0/8`; without a length a single address). IPv4 in IPv6 (`::ffff:…`)
 * counts as what it is; what is no address is in none. Throws for a network that is none: check them before.
 */
export function withinNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  }
  return (address) => {
    const plain = address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}
