import { tupleParts } from '../../core/index.js';
import {
  type Condition,
  boundGatewayCell,
  conditionKey,
  conditionsCell,
  routesFor,
} from '../../mesh/gateways/index.js';
import {
  BOUND_API_GATEWAY,
  type BoundApiGateway,
  type Cell,
  type ConfigEntryRecord,
  type MeshView,
  type ResourceReference,
  type Revisions,
  configEntryKey,
} from '../../model/index.js';
import { configEntryCell, configEntryListCell } from './entry-cells.js';
import { readTableIndex } from './guard-family.js';

/** A condition and the time (RFC 3339) since when it is so. */
export interface TimedCondition extends Condition {
  readonly since: string;
}

/** What a client is shown: a stored entry, with the conditions that its kind has, or what the server makes of an API gateway. */
export type ShownEntry =
  | { readonly record: ConfigEntryRecord; readonly conditions?: readonly TimedCondition[] }
  | ({ readonly bound: BoundApiGateway } & Revisions);

/** Where a time should be and is not known: Go's zero time. */
const NO_TIME = '0001-01-01T00:00:00Z';

/** One entry, or undefined. Key: `configEntryKey(kind, name)`; kinds that only the server makes too. */
export const shownEntryCell: Cell<ShownEntry | undefined> = {
  kind: 'shown-entry',
  compute(view, key) {
    const [kind = '', name = ''] = tupleParts(key);
    if (kind === BOUND_API_GATEWAY) return boundEntry(view, name);
    const record = view.cell(configEntryCell, key);
    return record && withConditions(view, record);
  },
};

/** The entries of a kind, ordered by name; of all kinds with ''. Key: `configEntryListKey(kind)`. */
export const shownEntryListCell: Cell<readonly ShownEntry[]> = {
  kind: 'shown-entry-list',
  compute(view, key) {
    const [kind] = tupleParts(key);
    const stored =
      kind === BOUND_API_GATEWAY
        ? []
        : view.cell(configEntryListCell, key).map((record) => withConditions(view, record));
    return kind === undefined || kind === '' || kind === BOUND_API_GATEWAY
      ? [...stored, ...boundEntries(view)]
      : stored;
  },
};

function withConditions(view: MeshView, record: ConfigEntryRecord): ShownEntry {
  const key = configEntryKey(record.entry.kind, record.entry.name);
  const conditions = view.cell(conditionsCell, key);
  if (conditions === undefined) return { record };
  const since = view.get('condition-times', key)?.since;
  return {
    record,
    conditions: conditions.map((condition) => ({
      ...condition,
      since: since?.[conditionKey(condition)]?.at ?? NO_TIME,
    })),
  };
}

function boundEntries(view: MeshView): readonly ShownEntry[] {
  readTableIndex(view);
  return view
    .range('config-entries', 'byKind', ['api-gateway'])
    .flatMap(({ entry }) => boundEntry(view, entry.name) ?? []);
}

/** With the indexes of what it is made of: it is there since the gateway is, and as new as the newest part. */
function boundEntry(view: MeshView, name: string): ShownEntry | undefined {
  readTableIndex(view);
  const bound = view.cell(boundGatewayCell, name);
  const gateway = view.get('config-entries', configEntryKey('api-gateway', name));
  if (bound === undefined || gateway === undefined) return undefined;
  const parts: readonly Pick<ResourceReference, 'kind' | 'name'>[] = [
    ...routesFor(view, name),
    ...bound.listeners.flatMap(({ certificates }) => certificates),
  ];
  const indexes = parts.map(
    (part) => view.get('config-entries', configEntryKey(part.kind, part.name))?.modifyIndex ?? 0,
  );
  return { bound, createIndex: gateway.createIndex, modifyIndex: Math.max(gateway.modifyIndex, ...indexes) };
}
