import { AppError } from '../../core/index.js';
import { unenforceable } from '../../xds/resources/index.js';
import type { EntryChange } from '../config/index.js';
import { type ConnectedProxy, namedProxies } from './connected-proxy.js';

/**
 * Refuses a change that asks of connected proxies what their Envoys cannot enforce; what an entry asked for before may stay, so
 * that other parts of it can be changed. Throws AppError('invalidArgument') with the field and the proxies.
 */
export function refuseUnenforceable(
  { kind, name, before, after }: EntryChange,
  connected: () => readonly ConnectedProxy[],
): void {
  if (kind !== 'service-intentions' || after === undefined || name === '*') return;
  const concerned = connected().filter(({ service }) => service === name);
  for (const envoyVersion of new Set(concerned.map((proxy) => proxy.envoyVersion))) {
    const known = new Set(before ? unenforceable(before, envoyVersion).map(({ subject }) => subject) : []);
    const added = unenforceable(after, envoyVersion).find(({ subject }) => !known.has(subject));
    if (added === undefined) continue;
    const proxies = concerned.filter((proxy) => proxy.envoyVersion === envoyVersion);
    throw new AppError(
      'invalidArgument',
      `service-intentions "${name}" cannot be enforced by ${namedProxies(proxies)}: ${added.problem}`,
    );
  }
}
