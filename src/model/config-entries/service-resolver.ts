import { type Field, duration, flag, list, map, object, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import { type LoadBalancer, loadBalancerField } from './load-balancer.js';
import { type FailoverPolicy, failoverPolicyField } from './proxy-defaults.js';
import { ignoredFields, kindField, metaField, nameField } from './shared-fields.js';
import type { EntryKind } from './entry-kind.js';
import { loadBalancerProblem } from './rules/load-balancer.js';
import { metaProblem } from './rules/meta.js';
import { filterProblem } from './rules/patterns.js';
import { type Problem, firstProblem } from './rules/problems.js';
import { type EntryAccess, type Requirement, chainRights } from './rules/requirement.js';
import { type PrioritizeByLocality, prioritizeByLocalityField, prioritizeByLocalityProblem } from './traffic/index.js';

/** Which instances stand for a service, and which do when those are gone (consul-behaviour 4.5). */
export interface ServiceResolverEntry {
  readonly kind: 'service-resolver';
  readonly name: string;
  readonly defaultSubset: string;
  readonly subsets: Readonly<Record<string, ServiceResolverSubset>>;
  readonly redirect?: ServiceResolverRedirect;
  /** By subset name, or `*` for those without an entry of their own. */
  readonly failover: Readonly<Record<string, ServiceResolverFailover>>;
  /** 0 = 5 s. */
  readonly connectTimeoutMs: number;
  /** 0 = not given. */
  readonly requestTimeoutMs: number;
  readonly loadBalancer?: LoadBalancer;
  readonly prioritizeByLocality?: PrioritizeByLocality;
  readonly meta: StringMap;
}

export interface ServiceResolverSubset {
  /** Filter expression over `Node.*`, `Service.*` and `Checks`; empty = every instance. */
  readonly filter: string;
  readonly onlyPassing: boolean;
}

export interface ServiceResolverRedirect {
  readonly service: string;
  readonly serviceSubset: string;
  readonly namespace: string;
  readonly partition: string;
  readonly datacenter: string;
  readonly peer: string;
  readonly samenessGroup: string;
}

export interface ServiceResolverFailover {
  readonly service: string;
  readonly serviceSubset: string;
  readonly namespace: string;
  readonly datacenters: readonly string[];
  readonly targets: readonly ServiceResolverFailoverTarget[];
  readonly policy?: FailoverPolicy;
  readonly samenessGroup: string;
}

export interface ServiceResolverFailoverTarget {
  readonly service: string;
  readonly serviceSubset: string;
  readonly partition: string;
  readonly namespace: string;
  readonly datacenter: string;
  readonly peer: string;
}

const schema: Field<ServiceResolverEntry> = object<ServiceResolverEntry>(
  {
    kind: kindField('service-resolver'),
    name: nameField,
    defaultSubset: text(),
    subsets: map(object<ServiceResolverSubset>({ filter: text(), onlyPassing: flag() })),
    redirect: optional(
      object<ServiceResolverRedirect>({
        service: text(),
        serviceSubset: text(),
        namespace: text(),
        partition: text(),
        datacenter: text(),
        peer: text(),
        samenessGroup: text(),
      }),
    ),
    failover: map(
      object<ServiceResolverFailover>({
        service: text(),
        serviceSubset: text(),
        namespace: text(),
        datacenters: list(text()),
        targets: list(
          object<ServiceResolverFailoverTarget>({
            service: text(),
            serviceSubset: text(),
            partition: text(),
            namespace: text(),
            datacenter: text(),
            peer: text(),
          }),
        ),
        policy: optional(failoverPolicyField),
        samenessGroup: text(),
      }),
    ),
    connectTimeoutMs: duration(),
    requestTimeoutMs: duration(),
    loadBalancer: optional(loadBalancerField),
    prioritizeByLocality: optional(prioritizeByLocalityField),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

/** Nothing has more than one form. */
function normalize(entry: ServiceResolverEntry): ServiceResolverEntry {
  return entry;
}

/** The first thing wrong with a normalised entry. */
function validate(entry: ServiceResolverEntry): Problem {
  if (entry.name === '') return 'Name is required';
  return (
    firstProblem(Object.entries(entry.subsets), ([name, subset]) => subsetProblem(name, subset)) ??
    (entry.defaultSubset !== '' && !Object.hasOwn(entry.subsets, entry.defaultSubset)
      ? `DefaultSubset "${entry.defaultSubset}" is not a valid subset`
      : undefined) ??
    redirectProblem(entry) ??
    failoverCountProblem(entry) ??
    firstProblem(Object.entries(entry.failover), ([subset, failover]) => failoverProblem(entry, subset, failover)) ??
    (entry.connectTimeoutMs < 0 ? 'Bad ConnectTimeout: it must not be negative' : undefined) ??
    (entry.requestTimeoutMs < 0 ? 'Bad RequestTimeout: it must not be negative' : undefined) ??
    loadBalancerProblem(entry.loadBalancer) ??
    prioritizeByLocalityProblem(entry.prioritizeByLocality) ??
    metaProblem(entry.meta)
  );
}

function requires(entry: ServiceResolverEntry, access: EntryAccess): readonly Requirement[] {
  return chainRights(entry.name, references(entry), access);
}

/** Names of the services this entry redirects or fails over to; those of peers are not ours to read. */
function references(entry: ServiceResolverEntry): readonly string[] {
  const names = [
    entry.redirect?.peer ? '' : (entry.redirect?.service ?? ''),
    ...Object.values(entry.failover).flatMap(({ service, targets }) => [
      service,
      ...targets.map((target) => (target.peer === '' ? target.service : '')),
    ]),
  ];
  return [...new Set(names.filter((name) => name !== ''))].sort();
}

function subsetProblem(name: string, subset: ServiceResolverSubset): Problem {
  if (name === '') return 'Subset defined with empty name';
  if (name.length > 63 || !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name))
    return `Subset "${name}" is invalid: its name must be a DNS label of at most 63 lower case letters, digits and dashes`;
  return filterProblem(`Filter for subset "${name}"`, subset.filter);
}

function redirectProblem({ name, redirect, failover, subsets }: ServiceResolverEntry): Problem {
  if (redirect === undefined) return undefined;
  if (Object.keys(failover).length > 0) return 'Redirect and Failover cannot both be set';
  if (redirect.samenessGroup !== '') return 'Redirect.SamenessGroup requires Consul Enterprise';
  if (Object.values(redirect).every((value) => value === '')) return 'Redirect is empty';
  if (redirect.peer !== '') {
    const excluded = (['serviceSubset', 'partition', 'datacenter'] as const).find((field) => redirect[field] !== '');
    if (excluded !== undefined) return `Redirect.Peer cannot be set with Redirect.${capitalized(excluded)}`;
  }
  if (redirect.service === '') {
    const dependent = (['serviceSubset', 'namespace', 'partition', 'peer'] as const).find(
      (field) => redirect[field] !== '',
    );
    if (dependent !== undefined) return `Redirect.${capitalized(dependent)} defined without Redirect.Service`;
  }
  if (redirect.service === name && redirect.serviceSubset !== '' && !Object.hasOwn(subsets, redirect.serviceSubset))
    return `Redirect.ServiceSubset "${redirect.serviceSubset}" is not a valid subset of "${name}"`;
  return undefined;
}

/** Each becomes a cluster of every caller's Envoy, and the chain of each caller is compiled over all of them. */
const MOST_FAILOVER_TARGETS = 1000;

function failoverCountProblem({ failover }: ServiceResolverEntry): Problem {
  let count = 0;
  for (const { targets, datacenters } of Object.values(failover)) count += targets.length + datacenters.length;
  return count > MOST_FAILOVER_TARGETS
    ? `Failover has ${count} targets, at most ${MOST_FAILOVER_TARGETS} are allowed`
    : undefined;
}

function failoverProblem(entry: ServiceResolverEntry, subset: string, failover: ServiceResolverFailover): Problem {
  const where = `Bad Failover["${subset}"]`;
  if (subset !== '*' && !Object.hasOwn(entry.subsets, subset)) return `${where}: not a valid subset`;
  if (failover.samenessGroup !== '') return `${where}: SamenessGroup requires Consul Enterprise`;
  if (failover.policy && !['', 'sequential', 'order-by-locality'].includes(failover.policy.mode))
    return `${where}: Policy.Mode must be one of "", "sequential", or "order-by-locality"`;
  if (failover.policy?.mode === 'order-by-locality')
    return `${where}: Policy.Mode "order-by-locality" puts peers in order, which this version does not do: use "sequential"`;
  const { service, serviceSubset, namespace, datacenters, targets } = failover;
  if (targets.length > 0) {
    if (service !== '') return `${where}: Targets cannot be set with Service`;
    if (serviceSubset !== '') return `${where}: Targets cannot be set with ServiceSubset`;
    if (datacenters.length > 0) return `${where}: Targets cannot be set with Datacenters`;
    return firstProblem(targets, (target, position) => targetProblem(entry, `${where}.Targets[${position}]`, target));
  }
  if (service === '' && serviceSubset === '' && namespace === '' && datacenters.length === 0)
    return `${where}: one of Service, ServiceSubset, Namespace, Targets, SamenessGroup, or Datacenters is required`;
  if (datacenters.includes('')) return `${where}.Datacenters: found empty datacenter`;
  return ownSubsetProblem(entry, `${where}.ServiceSubset`, service, serviceSubset);
}

function targetProblem(entry: ServiceResolverEntry, where: string, target: ServiceResolverFailoverTarget): Problem {
  if (Object.values(target).every((value) => value === '')) return `${where}: at least one field must be set`;
  if (target.peer !== '') {
    const excluded = (['serviceSubset', 'partition', 'datacenter'] as const).find((field) => target[field] !== '');
    if (excluded !== undefined) return `${where}: Peer cannot be set with ${capitalized(excluded)}`;
  }
  return ownSubsetProblem(entry, `${where}.ServiceSubset`, target.service, target.serviceSubset);
}

/** A subset of the entry's own service has to be in the entry; others are checked against the graph. */
function ownSubsetProblem(entry: ServiceResolverEntry, where: string, service: string, subset: string): Problem {
  if (subset === '' || (service !== '' && service !== entry.name) || Object.hasOwn(entry.subsets, subset))
    return undefined;
  return `${where} "${subset}" is not a valid subset of "${entry.name}"`;
}

function capitalized(field: string): string {
  return field.charAt(0).toUpperCase() + field.slice(1);
}

export const serviceResolver: EntryKind<ServiceResolverEntry> = { schema, normalize, validate, requires, references };
