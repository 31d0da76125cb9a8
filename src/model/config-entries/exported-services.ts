import { type Field, alias, list, object, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { EntryKind } from './entry-kind.js';
import { metaProblem } from './rules/meta.js';
import { type Problem, firstProblem } from './rules/problems.js';
import { type EntryAccess, type Requirement, meshRight } from './rules/requirement.js';
import { ignoredFields, kindField, metaField, nameField } from './shared-fields.js';

/** Which services others may use (consul-behaviour 4.11); there is one, named after the partition there is, `default`. */
export interface ExportedServicesEntry {
  readonly kind: 'exported-services';
  readonly name: string;
  readonly services: readonly ExportedServiceRule[];
  readonly meta: StringMap;
}

export interface ExportedServiceRule {
  /** `*` = every service. */
  readonly name: string;
  readonly namespace: string;
  readonly consumers: readonly ServiceConsumer[];
}

/** Who may use a service. Of the three only a peer can be named in this edition of the API. */
export interface ServiceConsumer {
  readonly partition: string;
  readonly peer: string;
  readonly samenessGroup: string;
}

const schema: Field<ExportedServicesEntry> = object<ExportedServicesEntry>(
  {
    kind: kindField('exported-services'),
    name: nameField,
    services: list(
      object<ExportedServiceRule>({
        name: text(),
        namespace: text(),
        consumers: list(
          object<ServiceConsumer>({
            partition: text(),
            peer: alias(text(), 'PeerName'),
            samenessGroup: text(),
          }),
        ),
      }),
    ),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

/** Nothing has more than one form. */
function normalize(entry: ExportedServicesEntry): ExportedServicesEntry {
  return entry;
}

/** The first thing wrong with a normalised entry. */
function validate(entry: ExportedServicesEntry): Problem {
  if (entry.name !== 'default') return `invalid name ("${entry.name}"), only "default" is supported`;
  return (
    firstProblem(entry.services, (service, position) => serviceProblem(`Services[${position}]`, service)) ??
    metaProblem(entry.meta)
  );
}

function requires(_entry: ExportedServicesEntry, access: EntryAccess): readonly Requirement[] {
  return [meshRight(access)];
}

/** What is exported need not exist; no chain leads anywhere because of it. */
function references(_entry: ExportedServicesEntry): readonly string[] {
  return [];
}

function serviceProblem(where: string, { name, namespace, consumers }: ExportedServiceRule): Problem {
  if (name === '') return `${where}: service name cannot be empty`;
  if (name === 'consul') return `${where}: the service "consul" cannot be exported`;
  if (name.includes('*') && name !== '*')
    return `${where}: wildcard character "*" cannot be used with partial values of a name`;
  if (!['', 'default'].includes(namespace)) return `${where}.Namespace: there is no namespace but "default"`;
  if (consumers.length === 0) return `${where}: must have at least one consumer`;
  return firstProblem(consumers, (consumer, position) => consumerProblem(`${where}.Consumers[${position}]`, consumer));
}

function consumerProblem(where: string, { partition, peer, samenessGroup }: ServiceConsumer): Problem {
  const given = [partition, peer, samenessGroup].filter((value) => value !== '');
  if (given.length === 0) return `${where}: must define one of Peer, Partition, or SamenessGroup`;
  if (given.length > 1) return `${where}: must define at most one of Peer, Partition, or SamenessGroup`;
  if (given.includes('*')) return `${where}: exporting to all consumers (wildcard) is not supported; name each peer`;
  if (samenessGroup !== '') return `${where}.SamenessGroup: sameness groups are an enterprise-only feature`;
  return partition === ''
    ? undefined
    : `${where}.Partition: exporting to partitions requires Consul Enterprise; name a Peer`;
}

export const exportedServices: EntryKind<ExportedServicesEntry> = {
  schema,
  normalize,
  validate,
  requires,
  references,
};
