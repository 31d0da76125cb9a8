import { entryOf } from '../../mesh/discovery-chain/index.js';
import { proxyKey, resolvedProxyCell, resolvedUpstreams } from '../../mesh/proxy/index.js';
import { intentionsOf, requiredProviders } from '../../mesh/intentions/index.js';
import {
  type MeshView,
  type ProxyDefaultsEntry,
  type ServiceDefaultsEntry,
  type ServiceRecord,
  type Upstream,
  callsService,
} from '../../model/index.js';
import { proxyNeedsKey, upstreamNeedsKey, upstreamSettings } from '../../xds/resources/index.js';
import { type EntryChange, withReferrers } from '../config/index.js';
import { type CheckUnit, inboundSide, oneUpstream, wholeProxy } from './check-unit.js';
import { UpstreamClasses, inboundClass, proxyClass } from './proxy-class.js';

/**
 * What a change of an entry may break, each part once: whole sidecars of the services that it is about, and, of an entry that
 * chains are made of, the upstreams that lead through it. `view` shows the state as it would be. Upstreams that a transparent
 * sidecar has without naming them are not looked at: their chains are the plain ones, which graph checks have compiled. Which
 * Envoy a sidecar runs makes no difference: what it does not know is left out.
 */
export function concernedUnits(view: MeshView, change: EntryChange): readonly CheckUnit[] {
  const units = new Map<string, CheckUnit>();
  const services = wholeServices(view, change);
  const addOwn = AUTHORIZATION_KINDS.has(change.kind) ? addInbound : addWhole;
  const called = new Set(leadsThrough(view, change));
  const classes = new UpstreamClasses();
  // A required extension may ask for another upstream, or the owner of an upstream for one on its callers.
  const requiredOf = requiredBy(view);
  const requiredOfAll = requires(entryOf(view, 'proxy-defaults', 'global')) || [...called].some(requiredOf);
  if (services !== 'all' && services.size === 0 && called.size === 0) return [];
  for (const record of view.range('services', 'byKind', ['connect-proxy'])) {
    if (services === 'all' || services.has(record.proxy?.destinationServiceName ?? '')) {
      addOwn(units, record);
      continue;
    }
    const upstreams = called.size === 0 ? [] : upstreamsTo(record, called);
    if (upstreams.length === 0) continue;
    if (requiredOfAll || requiredOf(record.proxy?.destinationServiceName ?? '')) {
      addWhole(units, record);
      continue;
    }
    if (classes.isNew(record, upstreams)) addUpstreams(view, units, record, upstreams);
  }
  return [...units.values()];
}

/** Entries of these kinds decide about callers: nothing that a sidecar opens for its own application depends on them. */
const AUTHORIZATION_KINDS: ReadonlySet<string> = new Set(['service-intentions', 'jwt-provider']);

/** Services whose own sidecars a change is about. */
function wholeServices(view: MeshView, { kind, name, before, after }: EntryChange): ReadonlySet<string> | 'all' {
  if (kind === 'proxy-defaults' || kind === 'mesh') return 'all';
  if (kind === 'service-defaults') return new Set([name]);
  // Those to everybody have no permissions and no tokens: there is nothing about them that could fail.
  if (kind === 'service-intentions') return new Set(name === '*' ? [] : [name]);
  if (kind !== 'jwt-provider' || (before === undefined && after === undefined)) return new Set();
  const asking = view
    .range('config-entries', 'byKind', ['service-intentions'])
    .filter(
      ({ entry }) => entry.kind === 'service-intentions' && requiredProviders(intentionsOf(entry)).includes(name),
    );
  return new Set(asking.map(({ entry }) => entry.name));
}

const CHAIN_KINDS: readonly string[] = ['service-defaults', 'service-router', 'service-splitter', 'service-resolver'];

/** Services whose chain an entry is part of. */
function leadsThrough(view: MeshView, { kind, name }: EntryChange): readonly string[] {
  return CHAIN_KINDS.includes(kind) ? withReferrers(view, name) : [];
}

function upstreamsTo({ proxy }: ServiceRecord, services: ReadonlySet<string>): readonly Upstream[] {
  const isCalled = (upstream: Upstream): boolean => callsService(upstream) && services.has(upstream.destinationName);
  return proxy?.upstreams.filter(isCalled) ?? [];
}

function addInbound(units: Map<string, CheckUnit>, record: ServiceRecord): void {
  const key = inboundClass(record);
  if (units.has(key)) return;
  const proxy = { node: record.node, proxyId: record.id };
  units.set(key, { key, ...proxy, failures: inboundSide(proxy) });
}

function addWhole(units: Map<string, CheckUnit>, record: ServiceRecord): void {
  const key = proxyClass(record);
  if (units.has(key)) return;
  const proxy = { node: record.node, proxyId: record.id };
  units.set(key, { key, ...proxy, failures: wholeProxy(proxyNeedsKey(proxy)) });
}

function addUpstreams(
  view: MeshView,
  units: Map<string, CheckUnit>,
  record: ServiceRecord,
  upstreams: readonly Upstream[],
): void {
  const reference = { node: record.node, proxyId: record.id };
  const proxy = view.cell(resolvedProxyCell, proxyKey(reference));
  if (proxy === undefined) return;
  const settings = upstreamSettings(proxy);
  for (const upstream of resolvedUpstreams(view, { ...proxy, settings: { ...proxy.settings, upstreams } })) {
    const key = upstreamNeedsKey({ upstream, ...settings });
    if (!units.has(key)) units.set(key, { key, ...reference, failures: oneUpstream(key) });
  }
}

function requires(entry: ProxyDefaultsEntry | ServiceDefaultsEntry | undefined): boolean {
  return entry?.envoyExtensions.some(({ required }) => required) ?? false;
}

/** Whether a service's own entry requires an extension; looked up once for each service. */
function requiredBy(view: MeshView): (service: string) => boolean {
  const known = new Map<string, boolean>();
  return (service) => {
    const found = known.get(service) ?? requires(entryOf(view, 'service-defaults', service));
    known.set(service, found);
    return found;
  };
}
