import { AppError, deepEqual } from '../../core/index.js';
import { type ConfigEntry, type KvRecord, type MeshView, configEntryKey } from '../../model/index.js';
import type { RestoredState } from '../../state/index.js';

/**
 * Refuses a state of another cluster where this one would lose what was written into it: keys, config entries (intentions are some)
 * and prepared queries that the state does not hold as they are. What agents register and what servers make at their start comes
 * back by itself, so that a new cluster, which also holds that, takes any. A cluster is known by the id of its trust domain, made
 * once; a state without one is taken. `configured` are entries that the servers' own configuration brings. Throws
 * AppError('invalidArgument').
 */
export function checkCluster(view: MeshView, state: RestoredState, configured: () => readonly ConfigEntry[]): void {
  const here = view.get('ca-config', 'config')?.clusterId;
  const saved = state.get('ca-config', 'config')?.clusterId;
  if (here === undefined || saved === undefined || here === saved) return;
  const lost = lostBy(view, state, configured());
  if (lost.length === 0) return;
  throw new AppError(
    'invalidArgument',
    `the snapshot is of cluster ${saved}, this is cluster ${here} and would lose ${listed(lost)}: ` +
      'save a snapshot of it and restore with -force (over HTTP: ?force) if that is wanted; nothing was changed',
  );
}

/** How much would be lost, as words; nothing of what there is none of. */
function lostBy(view: MeshView, state: RestoredState, configured: readonly ConfigEntry[]): readonly string[] {
  const ownEntries = new Map(configured.map((entry) => [configEntryKey(entry.kind, entry.name), entry]));
  const keys = view.range('kv', 'prefix', ['']).filter((row) => !isBareLock(row) && !state.keeps('kv', row));
  const entries = view
    .range('config-entries', 'byKind', [])
    .filter((row) => !state.keeps('config-entries', row))
    .filter(({ entry }) => !deepEqual(ownEntries.get(configEntryKey(entry.kind, entry.name)), entry));
  const queries = view.range('prepared-queries', 'all', []).filter((row) => !state.keeps('prepared-queries', row));
  return [
    counted(keys.length, 'key', 'keys'),
    counted(entries.length, 'config entry', 'config entries'),
    counted(queries.length, 'prepared query', 'prepared queries'),
  ].flatMap((part) => part ?? []);
}

/** What programs leave that lock a key and write nothing into it, as snapshot agents do. */
const isBareLock = ({ value, lockIndex }: KvRecord): boolean => lockIndex > 0 && value === '';

const counted = (count: number, one: string, many: string): string | undefined =>
  count === 0 ? undefined : `${count} ${count === 1 ? one : many}`;

const listed = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
