import { ipVersion } from '../../../core/index.js';

/** Matches connections to exactly these IP addresses. */
export function addressMatch(addresses: readonly string[]) {
  return {
    prefix_ranges: addresses.map((address) => ({
      address_prefix: address,
      prefix_len: { value: ipVersion(address) === 6 ? 128 : 32 },
    })),
  };
}
