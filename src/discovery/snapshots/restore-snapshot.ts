import type { Readable } from 'node:stream';
import { AppError, deepEqual } from '../../core/index.js';
import { type ConfigEntry, type MeshView, configEntryKey } from '../../model/index.js';
import { readSnapshot, type SnapshotMeta } from '../../snapshot/index.js';
import { RestoredState, type StateStore } from '../../state/index.js';
import { intentionState, revokeNarrowed } from '../config/index.js';
import { checkCluster } from './cluster-rule.js';

const INTENTIONS = 'service-intentions';

/** Stores that are being restored: a second one would wait long and then undo the first. */
const restoring = new WeakSet<StateStore>();

export interface RestoreOptions {
  /** The datacenter of these servers. */
  readonly datacenter: string;
  /** A snapshot of another cluster is taken whatever this one holds. */
  readonly force?: boolean;
  /** Entries that come from the servers' configuration and so are nobody's loss; asked for where it matters. */
  readonly configured?: () => readonly ConfigEntry[];
}

/**
 * Replaces the whole state by a saved one, in one transaction, once the file is known to be whole; until then nothing is changed.
 * Callers that lose access by it are cut off like after any other write. Returns what was restored and the new index. Throws
 * AppError('invalidArgument') with one sentence for a file that is no snapshot, damaged, of a newer version, of another datacenter, or
 * of another cluster while this one holds what people wrote (`checkCluster`), AppError('busy') while another one is restored.
 */
export async function restoreSnapshot(
  store: StateStore,
  file: Readable,
  { datacenter, force = false, configured = () => [] }: RestoreOptions,
): Promise<{ readonly meta: SnapshotMeta; readonly index: number }> {
  if (restoring.has(store))
    throw new AppError(
      'busy',
      'another snapshot is being restored: wait until it is done, then look what the state is',
    );
  restoring.add(store);
  try {
    const state = new RestoredState((table, key) => store.view.get(table, key) as never);
    const { meta } = await readSnapshot(file, ({ table, key, value }) => state.add(table, key, value));
    if (meta.datacenter !== datacenter)
      throw new AppError(
        'invalidArgument',
        `the snapshot is of datacenter "${meta.datacenter}", these servers are of "${datacenter}": nothing was changed`,
      );
    const { index } = await store.restore(state, meta.index, (transaction, replace) => {
      if (!force) checkCluster(transaction, state, configured);
      const before = intentionEntries(transaction);
      replace();
      const after = intentionEntries(transaction);
      for (const name of new Set([...before, ...after])) {
        const key = configEntryKey(INTENTIONS, name);
        const known = store.view.get('config-entries', key);
        if (!deepEqual(known?.entry, transaction.get('config-entries', key)?.entry))
          revokeNarrowed(transaction, name, intentionState(store.view, name));
      }
    });
    return { meta, index };
  } finally {
    restoring.delete(store);
  }
}

function intentionEntries(view: MeshView): readonly string[] {
  return view.range('config-entries', 'byKind', [INTENTIONS]).map(({ entry }) => entry.name);
}
