import { sortedTexts } from '../../../core/index.js';
import { type Cell, configEntryKey } from '../../../model/index.js';
import { chainOf } from './chain-input.js';

const KINDS = ['service-router', 'service-splitter', 'service-resolver', 'service-defaults'];

/** The entries that made a chain, `kind/name`, for the record of a refused resource. Key: as `discoveryChainCell`. */
export const chainEntriesCell: Cell<readonly string[]> = {
  kind: 'chain-entries',
  compute(view, key) {
    const chain = chainOf(view, key);
    if (chain === undefined) return [];
    const services = new Set([chain.serviceName]);
    for (const id in chain.targets) services.add(chain.targets[id]?.service ?? '');
    const found: string[] = [];
    const note = (kind: string, name: string): void => {
      if (view.get('config-entries', configEntryKey(kind, name)) !== undefined) found.push(`${kind}/${name}`);
    };
    for (const service of sortedTexts(services)) for (const kind of KINDS) note(kind, service);
    note('proxy-defaults', 'global');
    return found;
  },
};
