import { AppError, deepEqual } from '../../core/index.js';
import { type ConfigEntryKind, type ConfigEntryRecord, type MeshView, configEntryKey } from '../../model/index.js';
import type { StateStore, Transaction } from '../../state/index.js';
import type { EntryChange, EntryGuard } from '../config/index.js';
import type { CheckUnit } from './check-unit.js';
import { concernedUnits } from './concerned-units.js';
import type { ConnectedProxy } from './connected-proxy.js';
import { TurnShare, type Turns } from './turn-share.js';
import { refuseUnenforceable } from './unenforced.js';

export interface EntryGuardDependencies extends Turns {
  readonly store: Pick<StateStore, 'view' | 'whatIf'>;
  /** The proxies that are connected now. */
  readonly connected: () => readonly ConnectedProxy[];
}

/**
 * The guard over what entries do to proxies. It tries a write over the state without carrying it out, computes what it may break
 * for the proxies that are registered, and compares with how that is now. The state may go on meanwhile: what others write is
 * looked at when they write it.
 */
export function createEntryGuard(dependencies: EntryGuardDependencies): EntryGuard {
  const { store, connected } = dependencies;
  return {
    async check(kind, name, write) {
      const share = new TurnShare(dependencies);
      const change = changeOf(store, kind, name, write);
      if (change === undefined) return;
      refuseUnenforceable(change, connected);
      await share.step();
      await store.whatIf(overlayOf(change), (view) => checkUnits(store, view, change, share));
    },
  };
}

type Overlay = (transaction: Transaction) => void;
type TriedChange = EntryChange & { readonly record: ConfigEntryRecord | undefined };

/** What a write would change; undefined for nothing, and for what is going to be refused anyway. */
function changeOf(
  store: EntryGuardDependencies['store'],
  kind: ConfigEntryKind,
  name: string,
  write: (transaction: Transaction) => unknown,
): TriedChange | undefined {
  const key = configEntryKey(kind, name);
  const before = store.view.get('config-entries', key)?.entry;
  try {
    const record = store.whatIf(
      (transaction) => void write(transaction),
      (view) => view.get('config-entries', key),
    );
    if (deepEqual(before, record?.entry)) return undefined;
    return { kind, name, before, after: record?.entry, record };
  } catch {
    return undefined;
  }
}

function overlayOf({ kind, name, record }: TriedChange): Overlay {
  return (transaction) => {
    if (record) transaction.put('config-entries', record);
    else transaction.delete('config-entries', configEntryKey(kind, name));
  };
}

/** `after` shows the state as it would be. */
async function checkUnits(
  store: EntryGuardDependencies['store'],
  after: MeshView,
  change: EntryChange,
  share: TurnShare,
): Promise<void> {
  const seen = new Set<string>();
  for (const unit of concernedUnits(after, change)) {
    const failures = unit.failures(after, seen);
    if (failures.length > 0) refuseNew(store, change, unit, failures);
    await share.step();
  }
}

/** Throws when something of a unit fails that does not fail now. */
function refuseNew(
  store: EntryGuardDependencies['store'],
  { kind, name, after }: EntryChange,
  unit: CheckUnit,
  failures: readonly string[],
): void {
  const known = new Set(
    store.whatIf(
      () => undefined,
      (before) => unit.failures(before, new Set()),
    ),
  );
  const added = failures.find((failure) => !known.has(failure));
  if (added === undefined) return;
  throw new AppError(
    'invalidArgument',
    `${kind} "${name}" ${after ? 'cannot be written' : 'cannot be deleted'}: proxy "${unit.proxyId}" of node "${unit.node}" ` +
      `could not be configured any more: ${added}`,
  );
}
