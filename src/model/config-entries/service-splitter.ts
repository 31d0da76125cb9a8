import { type Field, always, decimal, list, object, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import {
  type HeaderModifiers,
  headerModifiersField,
  ignoredFields,
  kindField,
  metaField,
  nameField,
} from './shared-fields.js';
import type { EntryKind } from './entry-kind.js';
import { headerModifiersProblem } from './rules/header-modifiers.js';
import { metaProblem } from './rules/meta.js';
import { type Problem, firstProblem } from './rules/problems.js';
import { type EntryAccess, type Requirement, chainRights } from './rules/requirement.js';

/** How a service's requests are shared out (consul-behaviour 4.4). */
export interface ServiceSplitterEntry {
  readonly kind: 'service-splitter';
  readonly name: string;
  readonly splits: readonly ServiceSplit[];
  readonly meta: StringMap;
}

export interface ServiceSplit {
  /** Per cent, in steps of 0.01; the weights of an entry add up to 100. Consul takes negative ones; in chains they count as 0. */
  readonly weight: number;
  /** Empty = the service the splitter belongs to. */
  readonly service: string;
  readonly serviceSubset: string;
  readonly namespace: string;
  readonly partition: string;
  readonly requestHeaders?: HeaderModifiers;
  readonly responseHeaders?: HeaderModifiers;
}

export const serviceSplitField: Field<ServiceSplit> = object<ServiceSplit>({
  weight: always(decimal()),
  service: text(),
  serviceSubset: text(),
  namespace: text(),
  partition: text(),
  requestHeaders: optional(headerModifiersField),
  responseHeaders: optional(headerModifiersField),
});

const schema: Field<ServiceSplitterEntry> = object<ServiceSplitterEntry>(
  {
    kind: kindField('service-splitter'),
    name: nameField,
    splits: always(list(serviceSplitField)),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

/** Weights in steps of 0.01. */
function normalize(entry: ServiceSplitterEntry): ServiceSplitterEntry {
  return { ...entry, splits: entry.splits.map((split) => ({ ...split, weight: scaled(split.weight) / 100 })) };
}

/** The first thing wrong with a normalised entry. */
function validate(entry: ServiceSplitterEntry): Problem {
  if (entry.name === '') return 'Name is required';
  if (entry.splits.length === 0) return 'Splits: no splits configured';
  const sum = entry.splits.reduce((total, split) => total + scaled(split.weight), 0);
  return (
    repeatedDestination(entry) ??
    firstProblem(entry.splits, (split, position) => splitProblem(`Split[${position}]`, split)) ??
    (sum === 10_000 ? undefined : `Splits: the sum of all split weights must be 100, not ${(sum / 100).toFixed(6)}`) ??
    metaProblem(entry.meta)
  );
}

function requires(entry: ServiceSplitterEntry, access: EntryAccess): readonly Requirement[] {
  return chainRights(entry.name, references(entry), access);
}

/** Names of the services this entry sends requests to. */
function references(entry: ServiceSplitterEntry): readonly string[] {
  return [...new Set(entry.splits.map((split) => split.service).filter((name) => name !== ''))].sort();
}

function scaled(weight: number): number {
  return Math.round(weight * 100);
}

function splitProblem(where: string, split: ServiceSplit): Problem {
  return (
    headerModifiersProblem(`${where} RequestHeaders`, split.requestHeaders) ??
    headerModifiersProblem(`${where} ResponseHeaders`, split.responseHeaders)
  );
}

function repeatedDestination(entry: ServiceSplitterEntry): Problem {
  const seen = new Set<string>();
  return firstProblem(entry.splits, (split, position) => {
    const { serviceSubset, namespace, partition } = split;
    const service = split.service === '' ? entry.name : split.service;
    const key = JSON.stringify([service, serviceSubset, namespace, partition]);
    if (seen.has(key))
      return (
        `Splits[${position}]: split destination occurs more than once: service="${service}", subset="${serviceSubset}", ` +
        `namespace="${namespace}", partition="${partition}"`
      );
    seen.add(key);
    return undefined;
  });
}

export const serviceSplitter: EntryKind<ServiceSplitterEntry> = { schema, normalize, validate, requires, references };
