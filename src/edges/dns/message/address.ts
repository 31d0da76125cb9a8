import { canonicalIp, ipVersion } from '../../../core/index.js';

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The 4 or 16 bytes of an IP address; undefined for anything else. An IPv4 address mapped into IPv6 has 4. */
export function addressBytes(text: string): Uint8Array | undefined {
  const version = ipVersion(text);
  if (version === 4) return ipv4Bytes(text);
  if (version === undefined) return undefined;
  const bytes = ipv6Bytes(text);
  return MAPPED.every((byte, at) => bytes[at] === byte) ? bytes.slice(12) : bytes;
}

/** The bytes of a dotted IPv4 address. */
export function ipv4Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(4);
  let at = 0;
  for (let position = 0; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === 0x2e) at++;
    else bytes[at] = (bytes[at] as number) * 10 + code - 0x30;
  }
  return bytes;
}

/** The bytes of an IPv6 address, of whatever spelling. */
export function ipv6Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const [head = '', tail] = text.split('::');
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  before.forEach((group, at) => put(bytes, at, group));
  after.forEach((group, at) => put(bytes, 8 - after.length + at, group));
  return bytes;
}

function put(bytes: Uint8Array, at: number, group: number): void {
  bytes[at * 2] = group >> 8;
  bytes[at * 2 + 1] = group & 0xff;
}

function groupsOf(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(group);
    return [a * 256 + b, c * 256 + d];
  });
}

/** The text of an address of 4 or 16 bytes. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  const text = groups.join(':');
  return canonicalIp(text) ?? text;
}

/** The bytes as hexadecimal digits, two each. */
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
