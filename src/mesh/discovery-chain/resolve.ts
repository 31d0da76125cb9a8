import { nameProblem } from '../../core/index.js';
import type { ServiceDefaultsEntry, ServiceResolverEntry, ServiceResolverFailover } from '../../model/index.js';
import { ChainProblem, type Compilation, recordProtocol } from './compilation.js';
import type { ChainTarget, ResolverNode } from './compiled-chain.js';
import { entryOf } from './entries.js';
import {
  fitsServerName,
  MAX_SERVER_NAME_BYTES,
  rewriteTarget,
  targetId,
  type TargetName,
  targetSni,
} from './target.js';

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;

/** A target after its redirects and default subset, with the entry that decides about it. */
interface Resolved {
  readonly name: TargetName;
  readonly resolver: ServiceResolverEntry | undefined;
}

/** The node for a target (consul-behaviour 5.2, 6 and 7); its key. */
export function resolverNode(compilation: Compilation, wanted: TargetName): string {
  const { name, resolver } = followRedirects(compilation, wanted);
  const id = targetId(name);
  const key = `resolver:${id}`;
  if (compilation.nodes.has(key)) return key;
  const target = recordTarget(compilation, name, resolver);
  const failover = failoverTargets(compilation, name, resolver);
  const node: ResolverNode = {
    type: 'resolver',
    name: id,
    resolver: {
      default: isDefaultResolver(resolver),
      connectTimeoutMs: target.connectTimeoutMs,
      requestTimeoutMs: resolver?.requestTimeoutMs ?? 0,
      target: id,
      ...(failover.length > 0 && { failover: { targets: failover } }),
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

function followRedirects(compilation: Compilation, wanted: TargetName): Resolved {
  const visited = new Set<string>();
  let name = wanted;
  for (;;) {
    if (name.peer !== '') return { name, resolver: undefined };
    recordProtocol(compilation, name.service);
    const id = targetId(name);
    if (visited.has(id))
      throw new ChainProblem(`detected circular resolver redirect: [${[...visited, id].join(' -> ')}]`);
    visited.add(id);
    const resolver = entryOf(compilation.view, 'service-resolver', name.service);
    const next = nextTarget(name, resolver);
    if (targetId(next) === id) {
      requireSubset(name, resolver);
      return { name, resolver };
    }
    name = next;
  }
}

function nextTarget(name: TargetName, resolver: ServiceResolverEntry | undefined): TargetName {
  if (resolver?.redirect) {
    const redirected = rewriteTarget(name, resolver.redirect);
    if (targetId(redirected) !== targetId(name)) return redirected;
  }
  return name.serviceSubset === '' && resolver?.defaultSubset
    ? { ...name, serviceSubset: resolver.defaultSubset }
    : name;
}

function requireSubset(name: TargetName, resolver: ServiceResolverEntry | undefined): void {
  if (name.serviceSubset === '' || (resolver && Object.hasOwn(resolver.subsets, name.serviceSubset))) return;
  throw new ChainProblem(`service "${name.service}" does not have a subset named "${name.serviceSubset}"`);
}

function recordTarget(
  compilation: Compilation,
  name: TargetName,
  resolver: ServiceResolverEntry | undefined,
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
  const unusable = [name.service, name.peer, elsewhere].map(nameProblem).find((problem) => problem !== undefined);
  if (unusable !== undefined) throw new ChainProblem(`target ${JSON.stringify(id)}: its name ${unusable}`);
  if (!fitsServerName(sni))
    throw new ChainProblem(
      `target "${id}" has too long a name: the TLS server name for it would have more than ${MAX_SERVER_NAME_BYTES} bytes`,
    );
  const subset = resolver?.subsets[name.serviceSubset];
  const prioritizeByLocality =
    resolver?.prioritizeByLocality ?? entryOf(compilation.view, 'proxy-defaults', 'global')?.prioritizeByLocality;
  const target: ChainTarget = {
    id,
    ...name,
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
  const refused = (feature: string): ChainProblem =>
    new ChainProblem(`service "${service}" has an external SNI set; cannot define ${feature} for external services`);
  if (resolver?.redirect) throw refused('redirects');
  if (resolver && Object.keys(resolver.subsets).length > 0) throw refused('subsets');
  if (resolver && Object.keys(resolver.failover).length > 0) throw refused('failover');
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
  for (const candidate of failoverCandidates(primary, failover)) {
    if (targetId(candidate) === primaryId) continue;
    const resolved = followRedirects(compilation, candidate);
    const id = targetId(resolved.name);
    if (id === primaryId) continue;
    recordTarget(compilation, resolved.name, resolved.resolver);
    found.add(id);
  }
  return [...found];
}

function failoverOf(resolver: ServiceResolverEntry, subset: string): ServiceResolverFailover | undefined {
  if (Object.hasOwn(resolver.failover, subset)) return resolver.failover[subset];
  return Object.hasOwn(resolver.failover, '*') ? resolver.failover['*'] : undefined;
}

function failoverCandidates(primary: TargetName, failover: ServiceResolverFailover): readonly TargetName[] {
  if (failover.targets.length > 0) return failover.targets.map((target) => rewriteTarget(primary, target));
  const { service, serviceSubset, namespace, datacenters } = failover;
  if (datacenters.length === 0) return [rewriteTarget(primary, { service, serviceSubset, namespace })];
  return datacenters.map((datacenter) => rewriteTarget(primary, { service, serviceSubset, namespace, datacenter }));
}
