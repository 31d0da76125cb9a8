import { BlockList, isIP } from 'node:net';
import { AppError } from '../../core/index.js';
import type { HttpConfig } from './http-deps.js';

/** Characters that no path may have once decoded: control characters and what is not a character at all. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]/;
const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a decoded path holds characters that are refused unless the filter is off (consul-behaviour.md 1.1). */
export function hasUnprintable(path: string): boolean {
  return UNPRINTABLE.test(path);
}

/** Throws `permissionDenied` when the agent's configuration closes this path, or writing, to this client. */
export function checkGate(config: HttpConfig, method: string, path: string, remoteAddress: string): void {
  if (config.blockEndpoints.some((prefix) => path.startsWith(prefix)))
    throw new AppError('permissionDenied', 'Endpoint is blocked by agent configuration');
  if (READING_METHODS.has(method) || config.allowWriteHttpFrom.length === 0) return;
  if (!isWithin(config.allowWriteHttpFrom, remoteAddress))
    throw new AppError('permissionDenied', 'Access is restricted');
}

const lists = new WeakMap<readonly string[], BlockList>();

function isWithin(networks: readonly string[], address: string): boolean {
  const list = lists.get(networks) ?? toBlockList(networks);
  lists.set(networks, list);
  const plain = address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

function toBlockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  }
  return list;
}
