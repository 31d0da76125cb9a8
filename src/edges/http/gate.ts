import { AppError, withinNetworks } from '../../core/index.js';
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
export function checkGate(
  request: { readonly config: HttpConfig; readonly method: string; readonly remoteAddress: string },
  path: string,
): void {
  const { config, method } = request;
  if (config.blockEndpoints.some((prefix) => path.startsWith(prefix)))
    throw new AppError('permissionDenied', 'Endpoint is blocked by agent configuration');
  if (READING_METHODS.has(method) || config.allowWriteHttpFrom.length === 0) return;
  if (!isWithin(config.allowWriteHttpFrom, request.remoteAddress))
    throw new AppError('permissionDenied', 'Access is restricted');
}

const predicates = new WeakMap<readonly string[], (address: string) => boolean>();

function isWithin(networks: readonly string[], address: string): boolean {
  const predicate = predicates.get(networks) ?? withinNetworks(networks);
  predicates.set(networks, predicate);
  return predicate(address);
}
