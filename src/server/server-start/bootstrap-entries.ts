import type { AgentConfig } from '../../agent/config/index.js';
import { AppError } from '../../core/index.js';
import { writeConfigEntry } from '../../discovery/config/index.js';
import { configEntryKey, decodeConfigEntry } from '../../model/index.js';
import type { StateStore } from '../../state/index.js';

/** Entries of the configuration are written only where there is none of that kind and name (consul-behaviour 2.1). */
export async function writeBootstrapEntries(store: StateStore, config: AgentConfig): Promise<void> {
  for (const body of config.bootstrapEntries) {
    const entry = decodeConfigEntry(body, { hclBlocks: true });
    if (store.view.get('config-entries', configEntryKey(entry.kind, entry.name))) continue;
    try {
      await writeConfigEntry(store, entry, { cas: 0 });
    } catch (thrown) {
      const { code, message } = AppError.from(thrown);
      throw new AppError(code, `config_entries.bootstrap, ${entry.kind} "${entry.name}": ${message}`, {
        cause: thrown,
      });
    }
  }
}
