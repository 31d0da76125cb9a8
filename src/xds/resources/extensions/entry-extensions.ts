import { type Cell, configEntryKey } from '../../../model/index.js';
import { type ExtensionEntryKind, type ReadExtension, readExtension } from './read-extension.js';

/** Names the entry of a list of extensions: `proxy-defaults/global`, `service-defaults/<service>`. */
export type ExtensionEntry = 'proxy-defaults/global' | `service-defaults/${string}`;

/** The extensions of an entry, read; none when there is no such entry. Key: `ExtensionEntry`. */
export const entryExtensionsCell: Cell<readonly ReadExtension[]> = {
  kind: 'entry-extensions',
  compute(view, key) {
    const slash = key.indexOf('/');
    const entryKind = key.slice(0, slash) as ExtensionEntryKind;
    const entry = view.get('config-entries', configEntryKey(entryKind, key.slice(slash + 1)))?.entry;
    if (entry?.kind !== 'proxy-defaults' && entry?.kind !== 'service-defaults') return [];
    return entry.envoyExtensions.map((extension) => readExtension(extension, entryKind));
  },
};
