import { type Field, decimal, object, optional, text, wireName } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { EntryKind } from './entry-kind.js';
import { metaProblem } from './rules/meta.js';
import { type Problem, firstProblem } from './rules/problems.js';
import { type EntryAccess, type Requirement, meshRights } from './rules/requirement.js';
import { ignoredFields, kindField, metaField, nameField } from './shared-fields.js';

/** Families of requests that can have a limit of their own besides the common one. */
export const requestCategories = [
  'acl',
  'catalog',
  'configEntry',
  'connectCa',
  'coordinate',
  'discoveryChain',
  'serverDiscovery',
  'health',
  'intention',
  'kv',
  'tenancy',
  'preparedQuery',
  'session',
  'txn',
  'autoConfig',
  'federationState',
  'internal',
  'peerStream',
  'peering',
  'dataPlane',
  'dns',
  'subscribe',
  'resource',
] as const;

export type RequestCategory = (typeof requestCategories)[number];

/** Requests a second; 0 = no limit. */
export interface RequestRates {
  readonly readRate: number;
  readonly writeRate: number;
}

/** How many requests the API takes (consul-behaviour 4.11 and 11.6). */
export interface RequestLimitEntry extends RequestRates, Readonly<Partial<Record<RequestCategory, RequestRates>>> {
  readonly kind: 'control-plane-request-limit';
  readonly name: string;
  /** `permissive`: what is over a limit is only noted. */
  readonly mode: string;
  readonly meta: StringMap;
}

const ratesField: Field<RequestRates | undefined> = optional(
  object<RequestRates>({ readRate: decimal(), writeRate: decimal() }),
);

const schema: Field<RequestLimitEntry> = object<RequestLimitEntry>(
  {
    kind: kindField('control-plane-request-limit'),
    name: nameField,
    mode: text(),
    readRate: decimal(),
    writeRate: decimal(),
    acl: ratesField,
    catalog: ratesField,
    configEntry: ratesField,
    connectCa: ratesField,
    coordinate: ratesField,
    discoveryChain: ratesField,
    serverDiscovery: ratesField,
    health: ratesField,
    intention: ratesField,
    kv: ratesField,
    tenancy: ratesField,
    preparedQuery: ratesField,
    session: ratesField,
    txn: ratesField,
    autoConfig: ratesField,
    federationState: ratesField,
    internal: ratesField,
    peerStream: ratesField,
    peering: ratesField,
    dataPlane: ratesField,
    dns: ratesField,
    subscribe: ratesField,
    resource: ratesField,
    meta: metaField,
  },
  { ignored: ignoredFields },
);

const MODES = ['permissive', 'enforcing', 'disabled'];

/** Nothing has more than one form. */
function normalize(entry: RequestLimitEntry): RequestLimitEntry {
  return entry;
}

/** The first thing wrong with a normalised entry. */
function validate(entry: RequestLimitEntry): Problem {
  if (entry.name === '') return 'Name is required';
  if (!MODES.includes(entry.mode)) return `Mode must be one of ${MODES.join(', ')}, not "${entry.mode}"`;
  return (
    ratesProblem('', entry) ??
    firstProblem(requestCategories, (category) => {
      const rates = entry[category];
      return rates && ratesProblem(`${wireName(category)}.`, rates);
    }) ??
    metaProblem(entry.meta)
  );
}

function ratesProblem(where: string, { readRate, writeRate }: RequestRates): Problem {
  if (readRate < 0) return `${where}ReadRate must not be negative; 0 means no limit`;
  return writeRate < 0 ? `${where}WriteRate must not be negative; 0 means no limit` : undefined;
}

function requires(_entry: RequestLimitEntry, access: EntryAccess): readonly Requirement[] {
  return meshRights(access);
}

/** It speaks of no services. */
function references(_entry: RequestLimitEntry): readonly string[] {
  return [];
}

export const requestLimit: EntryKind<RequestLimitEntry> = { schema, normalize, validate, requires, references };
