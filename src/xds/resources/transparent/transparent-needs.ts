import { AppError, jsonKeyInput } from '../../../core/index.js';
import { entryOf, trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import { linkedGatewaysCell } from '../../../mesh/gateways/index.js';
import type { Cell, MeshView } from '../../../model/index.js';
import { chainOf } from '../upstreams/chain-input.js';
import { sharedPortName } from './destination-addresses.js';
import { httpPorts } from './destination-chains.js';
import type { ServedUpstream } from '../extended-needs.js';
import type { ExtensionPlace, TrafficPlace } from '../extensions/index.js';
import { ORIGINAL_DESTINATION, passthroughInput, passthroughTargetsCell } from './passthrough.js';
import { type NeededResource, needed } from '../resource-cell.js';
import { type TransparentDestinations, transparentDestinationsCell } from './transparent-destinations.js';
import type { TransparentInput } from './transparent-input.js';
import { transparentListenerInput } from './transparent-listener.js';
import { type TransparentUpstream, transparentUpstreamsCell } from './transparent-upstreams.js';
import { type UpstreamNeedsInput, upstreamChainCell } from '../upstreams/upstream-chain.js';
import { upstreamNeedsCell } from '../upstreams/upstream-needs.js';
import { clusterTuning } from '../upstreams/upstream-needs-input.js';

export interface TransparentNeeds {
  /** What the upstreams have in common: their listener, and the way to what is not in the mesh. */
  readonly shared: readonly NeededResource[];
  /** The upstreams, all in one where no extension concerns any of them. */
  readonly upstreams: readonly ServedUpstream[];
  readonly problems: readonly string[];
}

/** Everything that the outbound side of a transparent sidecar needs, shared by sidecars that agree. Key: `transparentKey`. */
export const transparentNeedsCell: Cell<TransparentNeeds> = {
  kind: 'transparent-needs',
  compute(view, key) {
    const input = jsonKeyInput<TransparentInput>(key);
    const all = view.cell(transparentUpstreamsCell, key);
    const outside = view.cell(transparentDestinationsCell, key);
    const upstreams = all.map((upstream) =>
      upstream.isDestination ? servedDestination(view, input, upstream, outside) : servedUpstream(view, upstream),
    );
    const routes = httpPorts(outside.addresses).map((destinationPort) => {
      const name = sharedPortName(destinationPort, input.datacenter, trustDomainOf(view));
      return needed(
        'destination-routes',
        { ...input, destinationPort, name },
        { ...requestsAt(name), resource: 'route' },
      );
    });
    const extended = input.extended || upstreams.some((upstream) => upstream.extended);
    const listener = extended
      ? needed('transparent-listener', transparentListenerInput(input, true), placeOf(view, all, routes))
      : needed('transparent-listener', transparentListenerInput(input));
    const meshOnly = entryOf(view, 'mesh', 'mesh')?.transparentProxy.meshDestinationsOnly;
    const elsewhere = meshOnly ? [] : [needed('original-destination', { name: ORIGINAL_DESTINATION })];
    return {
      shared: [listener, ...elsewhere, ...routes],
      upstreams: extended ? upstreams : together(upstreams),
      problems: outside.problems,
    };
  },
};

function servedUpstream(view: MeshView, { service, needs }: TransparentUpstream): ServedUpstream {
  try {
    const { resources, problems, cluster, extended } = view.cell(upstreamNeedsCell, needs);
    const { chain } = view.cell(upstreamChainCell, needs).filter;
    const direct = view
      .cell(passthroughTargetsCell, chain)
      .map((target) => needed('passthrough-cluster', passthroughInput(target)));
    return { service, resources: [...resources, ...direct], problems, cluster, extended };
  } catch (thrown) {
    return { service, resources: [], problems: [AppError.from(thrown).message], fails: true };
  }
}

/** What a service outside the mesh needs: a cluster of gateways for each of its addresses. */
function servedDestination(
  view: MeshView,
  { datacenter }: TransparentInput,
  { service, needs }: TransparentUpstream,
  { addresses }: TransparentDestinations,
): ServedUpstream {
  const input = JSON.parse(needs) as UpstreamNeedsInput;
  const { connectTimeoutMs } = input.upstream;
  const resources = addresses
    .filter((address) => address.service === service)
    .flatMap(({ cluster: name, protocol }) => {
      const place = { direction: 'outbound', service, protocol } as const;
      const tuned = { name, service, datacenter, protocol, connectTimeoutMs, ...clusterTuning(input) };
      const gateways = {
        name,
        service,
        datacenter,
        peer: '',
        filter: '',
        onlyPassing: false,
        gateways: 'only',
      } as const;
      return [
        needed('destination-cluster', tuned, { ...place, resource: 'cluster' }),
        needed('endpoints', gateways, { ...place, resource: 'endpoint' }),
      ];
    });
  const isReachable = view.cell(linkedGatewaysCell, service).length > 0;
  const problem = `destination ${service}: no terminating gateway leads to it; name it in a terminating-gateway entry`;
  return { service, resources, problems: isReachable ? [] : [problem] };
}

/** Requests to all addresses outside the mesh that share a port: nobody's in particular. */
const requestsAt = (service: string): TrafficPlace => ({ direction: 'outbound', service, protocol: 'http' });

function together(upstreams: readonly ServedUpstream[]): readonly ServedUpstream[] {
  return [
    {
      service: '',
      resources: upstreams.flatMap(({ resources }) => resources),
      problems: upstreams.flatMap(({ problems }) => problems),
      ...(upstreams.some(({ fails }) => fails) ? { fails: true as const } : {}),
    },
  ];
}

/** Where the listener stands: each chain with its upstream, everything else with nobody. */
function placeOf(
  view: MeshView,
  upstreams: readonly TransparentUpstream[],
  routes: readonly NeededResource[],
): ExtensionPlace {
  const chains = upstreams.flatMap(({ service, needs, isDestination }): [string, TrafficPlace][] => {
    const protocol = isDestination ? 'tcp' : protocolOf(view, needs);
    return protocol === undefined ? [] : [[service, { direction: 'outbound', service, protocol }]];
  });
  const shared = routes.map(({ name }): [string, TrafficPlace] => [name, requestsAt(name)]);
  const outside = { direction: 'outbound', service: '', protocol: 'tcp', resource: 'listener' } as const;
  return { ...outside, chains: Object.fromEntries([...chains, ...shared]) };
}

function protocolOf(view: MeshView, needs: string): string | undefined {
  try {
    return chainOf(view, view.cell(upstreamChainCell, needs).filter.chain)?.protocol;
  } catch {
    return undefined;
  }
}
