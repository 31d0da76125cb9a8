import { nameProblem } from '../../core/index.js';
import type { ServiceDefaultsEntry, ServiceResolverEntry, ServiceResolverFailover } from '../../model/index.js';
import { ChainProblem, type Compilation, fieldAt, type Place, recordProtocol } from './compilation.js';
import type { ChainTarget, ResolverNode } from './compiled-chain.js';
import { entryOf, localityPreference } from './entries.js';
import {
  fitsServerName,
  MAX_SERVER_NAME_BYTES,
  rewriteTarget,
  targetId,
  type TargetName,
  targetSni,
} from './target.js';

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;

/** A target, and what names it. */
interface Named {
  readonly name: TargetName;
  readonly place: Place;
  /** Names its subset. */
  readonly subsetPlace: Place;
}

/** A target after its redirects and default subset, with the entry that decides about it. */
interface Resolved {
  readonly name: TargetName;
  readonly place: Place;
  readonly resolver: ServiceResolverEntry | undefined;
}

/** The node for a target that stands at a place (consul-behaviour 5.2, 6 and 7); its key. */
export function resolverNode(compilation: Compilation, wanted: TargetName, from: Place): string {
  const { name, place, resolver } = followRedirects(compilation, wanted, from);
  const id = targetId(name);
  const key = `resolver:${id}`;
  if (compilation.nodes.has(key)) return key;
  const target = recordTarget(compilation, name, resolver, place);
  const failover = failoverTargets(compilation, name, resolver);
  const node: ResolverNode = {
    type: 'resolver',
    name: id,
    resolver: {
      default: isDefaultResolver(resolver),
      connectTimeoutMs: target.connectTimeoutMs,
      requestTimeoutMs: resolver?.requestTimeoutMs ?? 0,
      target: id,
      ...(failover.length > 0 ? { failover: { targets: failover } } : undefined),
    },
    ...(resolver?.loadBalancer && { loadBalancer: resolver.loadBalancer }),
  };
  compilation.nodes.set(key, node);
  return key;
}

/** An entry that says nothing is the same as none. */
export function isDefaultResolver(resolver: ServiceResolverEntry | undefined): boolean {
  return (
    resolver === undefined ||
    (resolver.defaultSubset === '' &&
      Object.keys(resolver.subsets).length === 0 &&
      resolver.redirect === undefined &&
      Object.keys(resolver.failover).length === 0 &&
      resolver.connectTimeoutMs === 0 &&
      resolver.requestTimeoutMs === 0 &&
      resolver.loadBalancer === undefined)
  );
}

function followRedirects(compilation: Compilation, wanted: TargetName, from: Place): Resolved {
  let visited: Set<string> | undefined;
  let named: Named = { name: wanted, place: from, subsetPlace: fieldAt(from, 'ServiceSubset') };
  for (;;) {
    const { name, place } = named;
    if (name.peer !== '') return { name, place, resolver: undefined };
    recordProtocol(compilation, name.service, place);
    const resolver = entryOf(compilation.view, 'service-resolver', name.service);
    const next = nextTarget(named, resolver);
    const id = targetId(name);
    if (visited?.has(id))
      throw new ChainProblem(`detected circular resolver redirect: [${[...visited, id].join(' -> ')}]`, place);
    if (next === named || targetId(next.name) === id) {
      requireSubset(named, resolver);
      return { name, place, resolver };
    }
    visited = (visited ?? new Set()).add(id);
    named = next;
  }
}

function nextTarget(named: Named, resolver: ServiceResolverEntry | undefined): Named {
  const { name, place } = named;
  const entry = `service-resolver/${name.service}`;
  if (resolver?.redirect) {
    const redirected = rewriteTarget(name, resolver.redirect);
    if (targetId(redirected) !== targetId(name))
      return {
        name: redirected,
        place: `${entry} Redirect`,
        subsetPlace:
          redirected.serviceSubset === name.serviceSubset ? named.subsetPlace : `${entry} Redirect.ServiceSubset`,
      };
  }
  return name.serviceSubset === '' && resolver?.defaultSubset
    ? {
        name: { ...name, serviceSubset: resolver.defaultSubset },
        place,
        subsetPlace: `${entry} DefaultSubset`,
      }
    : named;
}

function requireSubset({ name, subsetPlace }: Named, resolver: ServiceResolverEntry | undefined): void {
  if (name.serviceSubset === '' || (resolver && Object.hasOwn(resolver.subsets, name.serviceSubset))) return;
  throw new ChainProblem(`service "${name.service}" does not have a subset named "${name.serviceSubset}"`, subsetPlace);
}

function recordTarget(
  compilation: Compilation,
  name: TargetName,
  resolver: ServiceResolverEntry | undefined,
  place: Place,
): ChainTarget {
  const id = targetId(name);
  const known = compilation.targets.get(id);
  if (known) return known;
  const defaults = name.peer === '' ? entryOf(compilation.view, 'service-defaults', name.service) : undefined;
  const external = (defaults?.externalSni ?? '') !== '';
  if (external) refuseFeatures(name.service, resolver);
  const sni = targetSni(name, compilation.trustDomain);
  // Where the chain is evaluated is no name that an entry gave.
  const elsewhere = name.datacenter === compilation.request.evaluateInDatacenter ? '' : name.datacenter;
  const unusable = nameProblem(name.service) ?? nameProblem(name.peer) ?? nameProblem(elsewhere);
  if (unusable !== undefined) throw new ChainProblem(`target ${JSON.stringify(id)}: its name ${unusable}`, place);
  if (!fitsServerName(sni))
    throw new ChainProblem(
      `target "${id}" has too long a name: the TLS server name for it would have more than ${MAX_SERVER_NAME_BYTES} bytes`,
      place,
    );
  const subset = resolver?.subsets[name.serviceSubset];
  const prioritizeByLocality = localityPreference(compilation.view, resolver);
  const target: ChainTarget = {
    id,
    service: name.service,
    serviceSubset: name.serviceSubset,
    namespace: name.namespace,
    partition: name.partition,
    datacenter: name.datacenter,
    peer: name.peer,
    meshGateway: { mode: external ? '' : meshGatewayMode(compilation, defaults) },
    subset: { filter: subset?.filter ?? '', onlyPassing: subset?.onlyPassing ?? false },
    transparentProxy: { dialedDirectly: defaults?.transparentProxy.dialedDirectly ?? false },
    connectTimeoutMs: connectTimeout(compilation, resolver),
    external,
    sni: external && defaults ? defaults.externalSni : sni,
    name: sni,
    ...(prioritizeByLocality && { prioritizeByLocality }),
  };
  compilation.targets.set(id, target);
  return target;
}

/** A service outside the mesh is one address behind a gateway: there is nothing to choose from. */
function refuseFeatures(service: string, resolver: ServiceResolverEntry | undefined): void {
  const refused = (feature: string, field: string): ChainProblem =>
    new ChainProblem(
      `service "${service}" has an external SNI set; cannot define ${feature} for external services`,
      `service-resolver/${service} ${field}`,
    );
  if (resolver?.redirect) throw refused('redirects', 'Redirect');
  if (resolver && Object.keys(resolver.subsets).length > 0) throw refused('subsets', 'Subsets');
  if (resolver && Object.keys(resolver.failover).length > 0) throw refused('failover', 'Failover');
}

function meshGatewayMode(
  compilation: Compilation,
  defaults: ServiceDefaultsEntry | undefined,
): ChainTarget['meshGateway']['mode'] {
  const configured =
    defaults?.meshGateway.mode || (entryOf(compilation.view, 'proxy-defaults', 'global')?.meshGateway.mode ?? '');
  const override = compilation.request.overrides.meshGatewayMode;
  if (!override) return configured;
  if (override !== configured) compilation.changedBy.meshGatewayMode = true;
  return override;
}

function connectTimeout(compilation: Compilation, resolver: ServiceResolverEntry | undefined): number {
  const configured = resolver?.connectTimeoutMs || DEFAULT_CONNECT_TIMEOUT_MS;
  const override = compilation.request.overrides.connectTimeoutMs;
  if (!override || override < 0) return configured;
  if (override !== configured) compilation.changedBy.connectTimeoutMs = true;
  return override;
}

/** Ids of the targets to try when the primary is gone; their own failover is not followed. */
function failoverTargets(
  compilation: Compilation,
  primary: TargetName,
  resolver: ServiceResolverEntry | undefined,
): readonly string[] {
  const failover = resolver && failoverOf(resolver, primary.serviceSubset);
  if (failover === undefined) return [];
  const primaryId = targetId(primary);
  const found = new Set<string>();
  for (const { name: candidate, place } of failoverCandidates(primary, failover)) {
    if (targetId(candidate) === primaryId) continue;
    const resolved = followRedirects(compilation, candidate, place);
    const id = targetId(resolved.name);
    if (id === primaryId) continue;
    recordTarget(compilation, resolved.name, resolved.resolver, resolved.place);
    found.add(id);
  }
  return [...found];
}

/** What is to be tried for a subset, and where that stands. */
interface FailoverAt {
  readonly failover: ServiceResolverFailover;
  readonly place: Place;
}

function failoverOf({ name, failover }: ServiceResolverEntry, subset: string): FailoverAt | undefined {
  const key = [subset, '*'].find((one) => Object.hasOwn(failover, one));
  const found = key === undefined ? undefined : failover[key];
  return found && { failover: found, place: `service-resolver/${name} Failover[${JSON.stringify(key)}]` };
}

function failoverCandidates(
  primary: TargetName,
  { failover, place }: FailoverAt,
): readonly { readonly name: TargetName; readonly place: Place }[] {
  if (failover.targets.length > 0)
    return failover.targets.map((target, position) => ({
      name: rewriteTarget(primary, target),
      place: fieldAt(place, `Targets[${position}]`),
    }));
  const { service, serviceSubset, namespace, datacenters } = failover;
  if (datacenters.length === 0) return [{ name: rewriteTarget(primary, { service, serviceSubset, namespace }), place }];
  return datacenters.map((datacenter) => ({
    name: rewriteTarget(primary, { service, serviceSubset, namespace, datacenter }),
    place,
  }));
}
