import { tupleKey, tupleParts } from '../../core/index.js';
import { chainKey, discoveryChainCell, protocolOf } from '../../mesh/discovery-chain/index.js';
import { defaultIntentionPolicy, intentionDecision, intentionsTo } from '../../mesh/intentions/index.js';
import { type Cell, type MeshView, type ServiceRecord, callsService } from '../../model/index.js';
import { mergeCentralConfig } from '../catalog/index.js';
import { type ServiceSummary, serviceSummaryCell, transparentProxyCell } from './service-summary.js';

/** Why a service is beside another one in the picture. */
export type TopologySource =
  | 'proxy-registration'
  | 'routing-config'
  | 'specific-intention'
  | 'wildcard-intention'
  | 'default-allow';

/** A service that calls or is called, and what intentions say of the pair. */
export interface TopologyNeighbour {
  readonly summary: ServiceSummary;
  readonly source: TopologySource;
  readonly intention: {
    readonly allowed: boolean;
    readonly hasPermissions: boolean;
    readonly externalSource: string;
    /** Whether there is an intention about exactly this pair. */
    readonly hasExact: boolean;
    readonly defaultAllow: boolean;
  };
}

/** What a service calls and what calls it (consul-behaviour.md 1.14). */
export interface Topology {
  readonly protocol: string;
  readonly transparentProxy: boolean;
  readonly upstreams: readonly TopologyNeighbour[];
  readonly downstreams: readonly TopologyNeighbour[];
}

/** Key of `topologyCell`. */
export const topologyKey = (service: string, datacenter: string): string => tupleKey(service, datacenter);

/**
 * Registered upstreams are there whatever intentions say, with the services that routing leads them to. A sidecar that catches all
 * outgoing connections may call everybody that intentions let it call.
 */
export const topologyCell: Cell<Topology> = {
  kind: 'ui-topology',
  compute(view, key) {
    const [service = '', datacenter = ''] = tupleParts(key);
    const inMesh = view.cell(meshServicesCell, '');
    const others = inMesh.filter((name) => name !== service);
    const registered = registeredUpstreams(view, datacenter, service);
    const outside = [...registered.keys()].filter((name) => !others.includes(name));
    return {
      protocol: protocolOf(view, service),
      transparentProxy: view.cell(transparentProxyCell, service),
      upstreams: [...others, ...outside]
        .sort()
        .flatMap((name) => neighbour(view, name, registered.get(name) ?? openCall(view, service, name), service, name)),
      downstreams: others.flatMap((name) => {
        const source =
          registeredUpstreams(view, datacenter, name).get(service) ??
          (inMesh.includes(service) ? openCall(view, name, service) : undefined);
        return neighbour(view, name, source, name, service);
      }),
    };
  },
};

/** Why a service may call another of the mesh that it has not registered; undefined = it does not. */
function openCall(view: MeshView, caller: string, called: string): TopologySource | undefined {
  if (!view.cell(transparentProxyCell, caller)) return undefined;
  const { allowed, hasPermissions, intention } = decide(view, caller, called);
  if (!allowed && !hasPermissions) return undefined;
  if (intention === undefined) return 'default-allow';
  return intention.source.name === '*' || intention.destination === '*' ? 'wildcard-intention' : 'specific-intention';
}

/** The upstreams that the sidecars of a service have registered, and where routing leads them. */
function registeredUpstreams(
  view: MeshView,
  datacenter: string,
  service: string,
): ReadonlyMap<string, 'proxy-registration' | 'routing-config'> {
  const found = new Map<string, 'proxy-registration' | 'routing-config'>();
  for (const name of view.cell(upstreamNamesCell, service)) found.set(name, 'proxy-registration');
  for (const name of [...found.keys()])
    for (const target of targetsOf(view, datacenter, name)) if (!found.has(target)) found.set(target, 'routing-config');
  return found;
}

/** The services that the sidecars of a service name as upstreams. Key: the service's name. */
const upstreamNamesCell: Cell<readonly string[]> = {
  kind: 'ui-upstream-names',
  compute: (view, service) => {
    const names = view
      .range('services', 'byConnect', [service])
      .flatMap((proxy: ServiceRecord) => mergeCentralConfig(view, proxy).proxy?.upstreams ?? [])
      .filter((upstream) => callsService(upstream) && upstream.destinationPeer === '')
      .map(({ destinationName }) => destinationName)
      .filter((name) => name !== '' && name !== '*');
    return [...new Set(names)].sort();
  },
};

/** The services a chain leads to; a chain that does not compile leads nowhere. */
function targetsOf(view: MeshView, datacenter: string, service: string): readonly string[] {
  const key = chainKey({ service, evaluateInDatacenter: datacenter, overrides: {} });
  const result = view.cell(discoveryChainCell, key);
  return result.ok ? Object.values(result.chain.targets).map((target) => target.service) : [];
}

/** The names that have a sidecar or are native; sorted. Key: ''. */
const meshServicesCell: Cell<readonly string[]> = {
  kind: 'ui-mesh-services',
  compute: (view) => {
    const names = view
      .range('services', 'all', [])
      .flatMap(({ kind, proxy, connect, service }) =>
        kind === 'connect-proxy' && proxy ? [proxy.destinationServiceName] : connect.native ? [service] : [],
      );
    return [...new Set(names)].sort();
  },
};

/** A service in the picture; none without a source, or without an instance. */
function neighbour(
  view: MeshView,
  name: string,
  source: TopologySource | undefined,
  caller: string,
  called: string,
): readonly TopologyNeighbour[] {
  if (source === undefined) return [];
  const summary = view.cell(serviceSummaryCell, name);
  if (summary === undefined) return [];
  const { allowed, intention, hasPermissions } = decide(view, caller, called);
  const exact = intentionsTo(view, called).find(
    ({ destination, source: from }) => destination === called && from.name === caller && from.peer === '',
  );
  return [
    {
      summary,
      source,
      intention: {
        allowed,
        hasPermissions,
        externalSource: intention?.source.legacyMeta?.['external-source'] ?? '',
        hasExact: exact !== undefined,
        defaultAllow: defaultIntentionPolicy(view) === 'allow',
      },
    },
  ];
}

const decide = (view: MeshView, caller: string, called: string) =>
  intentionDecision(intentionsTo(view, called), defaultIntentionPolicy(view), { name: caller });
