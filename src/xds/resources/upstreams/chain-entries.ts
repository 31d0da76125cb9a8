import { type Cell, configEntryKey } from '../../../model/index.js';
import { chainOf } from './chain-input.js';

const KINDS = ['service-router', 'service-splitter', 'service-resolver', 'service-defaults'];

/** The entries that made a chain, `kind/name`, for the record of a refused resource. Key: as `discoveryChainCell`. */
export const chainEntriesCell: Cell<readonly string[]> = {
  kind: 'chain-entries',
  compute(view, key) {
    const chain = chainOf(view, key);
    if (chain === undefined) return [];
    const services = new Set([chain.serviceName, ...Object.values(chain.targets).map((target) => target.service)]);
    const names = [...services].sort().flatMap((service) => KINDS.map((kind) => [kind, service] as const));
    return [...names, ['proxy-defaults', 'global'] as const]
      .filter(([kind, name]) => view.get('config-entries', configEntryKey(kind, name)) !== undefined)
      .map(([kind, name]) => `${kind}/${name}`);
  },
};
