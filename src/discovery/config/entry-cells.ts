import { tupleKey, tupleParts } from '../../core/index.js';
import { type ChainResult, discoveryChainCell } from '../../mesh/discovery-chain/index.js';
import type { Cell, ConfigEntryRecord } from '../../model/index.js';
import { readTableIndex } from './guard-family.js';

/** One stored entry, or undefined. Key: `configEntryKey(kind, name)`. */
export const configEntryCell: Cell<ConfigEntryRecord | undefined> = {
  kind: 'config-entry',
  compute: (view, key) => {
    readTableIndex(view);
    return view.get('config-entries', key);
  },
};

/** The entries of a kind, ordered by name. Key: `configEntryListKey(kind)`. */
export const configEntryListCell: Cell<readonly ConfigEntryRecord[]> = {
  kind: 'config-entry-list',
  compute: (view, key) => {
    readTableIndex(view);
    return view.range('config-entries', 'byKind', tupleParts(key));
  },
};

/** Key of `configEntryListCell`; without a kind all entries, by kind and name. */
export function configEntryListKey(kind?: string): string {
  return kind === undefined ? '' : tupleKey(kind);
}

/** The chain as clients ask for it: like `discoveryChainCell`, with the index of the whole table. Key: `chainKey(request)`. */
export const discoveryChainQueryCell: Cell<ChainResult> = {
  kind: 'discovery-chain-query',
  compute: (view, key) => {
    readTableIndex(view);
    return view.cell(discoveryChainCell, key);
  },
};
