import { type Field, always, list, nullable, object, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { EntryKind } from './entry-kind.js';
import { type ResourceReference, normalizeParents, parentsProblem, routeParentsField } from './resource-reference.js';
import { metaProblem } from './rules/meta.js';
import type { Problem } from './rules/problems.js';
import { type EntryAccess, type Requirement, meshRight } from './rules/requirement.js';
import { kindField, metaField, nameField, statusFields } from './shared-fields.js';

/** Connections to TCP listeners of API gateways, and the one service that they lead to (consul-behaviour 4.9). */
export interface TcpRouteEntry {
  readonly kind: 'tcp-route';
  readonly name: string;
  readonly parents: readonly ResourceReference[] | null;
  /** At most one; null when never given. */
  readonly services: readonly { readonly name: string }[] | null;
  readonly meta: StringMap;
}

const schema: Field<TcpRouteEntry> = object<TcpRouteEntry>(
  {
    kind: kindField('tcp-route'),
    name: nameField,
    parents: routeParentsField,
    services: nullable(list(object<{ readonly name: string }>({ name: always(text()) }))),
    meta: metaField,
  },
  { ignored: statusFields },
);

/** Parents with their kind. */
function normalize(entry: TcpRouteEntry): TcpRouteEntry {
  return { ...entry, parents: normalizeParents(entry.parents) };
}

/** The first thing wrong with a normalised entry. Whether it leads anywhere is shown by its conditions. */
function validate(entry: TcpRouteEntry): Problem {
  if (entry.name === '') return 'Name is required';
  const count = entry.services?.length ?? 0;
  return (
    (count > 1 ? `Services: tcp-route currently only supports one service, not ${count}` : undefined) ??
    parentsProblem(entry.parents) ??
    metaProblem(entry.meta)
  );
}

function requires(_entry: TcpRouteEntry, access: EntryAccess): readonly Requirement[] {
  return [meshRight(access)];
}

/** Names of the services that connections lead to. */
function references(entry: TcpRouteEntry): readonly string[] {
  return [...new Set((entry.services ?? []).map(({ name }) => name))].filter((name) => name !== '').sort();
}

export const tcpRoute: EntryKind<TcpRouteEntry> = { schema, normalize, validate, requires, references };
