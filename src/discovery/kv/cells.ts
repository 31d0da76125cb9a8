import type { Cell, KvRecord } from '../../model/index.js';

/** One key, or its absence. Key: the key. */
export const kvEntryCell: Cell<KvRecord | undefined> = {
  kind: 'kv-entry',
  compute: (view, key) => view.get('kv', key),
};

/** The entries below a prefix, ordered by the bytes of their keys. Key: the prefix. */
export const kvPrefixCell: Cell<readonly KvRecord[]> = {
  kind: 'kv-prefix',
  compute: (view, prefix) => view.range('kv', 'prefix', [prefix]),
};
