import type { Edns } from './message/index.js';

const CLIENT_SUBNET = 8;
const FAMILY_BITS: Readonly<Record<number, number>> = { 1: 32, 2: 128 };

/**
 * What is told about the client's subnet (RFC 7871): as it was asked, with the scope of the answer, all of it (`isForSubnet`) or
 * none. A malformed one is left out.
 */
export function answeredOptions(edns: Edns, isForSubnet: boolean): Edns['options'] {
  const asked = edns.options.find(({ code }) => code === CLIENT_SUBNET);
  if (asked === undefined || asked.bytes.length < 4) return [];
  const [familyHigh = 0, family = 0, source = 0] = asked.bytes;
  const bits = familyHigh === 0 ? FAMILY_BITS[family] : undefined;
  if (bits === undefined || source > bits || asked.bytes.length !== 4 + Math.ceil(source / 8)) return [];
  const bytes = Uint8Array.from(asked.bytes);
  bytes[3] = isForSubnet ? source : 0;
  return [{ code: CLIENT_SUBNET, bytes }];
}
