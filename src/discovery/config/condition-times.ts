import { CONDITIONED_KINDS, conditionKey, conditionsCell } from '../../mesh/gateways/index.js';
import { type ConditionTimesRecord, type ConfigEntry, type MeshView, configEntryKey } from '../../model/index.js';
import type { Transaction } from '../../state/index.js';
import type { EntryChange } from './affected-services.js';

type Since = ConditionTimesRecord['since'];

/**
 * Notes which conditions of gateways and routes became otherwise by a change of an entry, in the transaction that changes it. `services`
 * are those whose chain the change concerns.
 */
export function noteTransitions(transaction: Transaction, change: EntryChange, services: readonly string[]): void {
  const at = new Date(transaction.nowMs).toISOString();
  for (const { kind, name } of concernedEntries(transaction, change, services)) {
    const key = configEntryKey(kind, name);
    const conditions = transaction.cell(conditionsCell, key);
    const known = transaction.get('condition-times', key);
    if (conditions === undefined) {
      if (known) transaction.delete('condition-times', key);
      continue;
    }
    const since: Since = Object.fromEntries(
      conditions.map((condition) => {
        const before = known?.since[conditionKey(condition)];
        const { status } = condition;
        return [conditionKey(condition), before?.status === status ? before : { status, at }] as const;
      }),
    );
    transaction.put('condition-times', { kind, name, since });
  }
}

type Named = Pick<ConfigEntry, 'kind' | 'name'>;

/** The gateways and routes whose conditions a change can have touched. */
function concernedEntries(view: MeshView, change: EntryChange, services: readonly string[]): readonly Named[] {
  const found = new Map<string, Named>();
  const add = ({ kind, name }: Named): void => {
    if (CONDITIONED_KINDS.has(kind)) found.set(configEntryKey(kind, name), { kind, name });
  };
  const addRoute = (route: ConfigEntry | undefined): void => {
    if (route?.kind !== 'http-route' && route?.kind !== 'tcp-route') return;
    add(route);
    for (const { name } of route.parents ?? []) add({ kind: 'api-gateway', name });
  };
  add(change);
  addRoute(change.before);
  addRoute(change.after);
  if (change.kind === 'api-gateway')
    for (const { entry } of view.range('config-entries', 'byParentGateway', [change.name])) add(entry);
  for (const { entry } of view.range('config-entries', 'byServedCertificate', [change.kind, change.name])) add(entry);
  for (const route of routesTo(view, change, services)) addRoute(route);
  return [...found.values()];
}

/** Routes that lead to a service whose chain may have changed. */
function routesTo(view: MeshView, change: EntryChange, services: readonly string[]): readonly ConfigEntry[] {
  const records =
    change.kind === 'proxy-defaults'
      ? ['http-route', 'tcp-route'].flatMap((kind) => view.range('config-entries', 'byKind', [kind]))
      : services.flatMap((service) => view.range('config-entries', 'byReference', [service]));
  return records.map(({ entry }) => entry);
}
