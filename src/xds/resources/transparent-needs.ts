import { AppError } from '../../core/index.js';
import { entryOf } from '../../mesh/discovery-chain/index.js';
import type { Cell, MeshView } from '../../model/index.js';
import { chainOf } from './chain-input.js';
import type { ServedUpstream } from './extended-needs.js';
import type { ExtensionPlace, TrafficPlace } from './extensions/index.js';
import { ORIGINAL_DESTINATION, passthroughInput, passthroughTargetsCell } from './passthrough.js';
import { type NeededResource, needed } from './resource-cell.js';
import type { TransparentInput } from './transparent-input.js';
import { transparentListenerInput } from './transparent-listener.js';
import { type TransparentUpstream, transparentUpstreamsCell } from './transparent-upstreams.js';
import { upstreamChainCell } from './upstream-chain.js';
import { upstreamNeedsCell } from './upstream-needs.js';

export interface TransparentNeeds {
  /** What the upstreams have in common: their listener, and the way to what is not in the mesh. */
  readonly shared: readonly NeededResource[];
  /** The upstreams, all in one where no extension concerns any of them. */
  readonly upstreams: readonly ServedUpstream[];
}

/** Everything that the outbound side of a transparent sidecar needs, shared by sidecars that agree. Key: `transparentKey`. */
export const transparentNeedsCell: Cell<TransparentNeeds> = {
  kind: 'transparent-needs',
  compute(view, key) {
    const input = JSON.parse(key) as TransparentInput;
    const all = view.cell(transparentUpstreamsCell, key);
    const upstreams = all.map((upstream) => servedUpstream(view, upstream));
    const extended = input.extended || upstreams.some((upstream) => upstream.extended);
    const listener = extended
      ? needed('transparent-listener', transparentListenerInput(input, true), placeOf(view, all))
      : needed('transparent-listener', transparentListenerInput(input));
    const meshOnly = entryOf(view, 'mesh', 'mesh')?.transparentProxy.meshDestinationsOnly;
    const outside = meshOnly ? [] : [needed('original-destination', { name: ORIGINAL_DESTINATION })];
    return { shared: [listener, ...outside], upstreams: extended ? upstreams : together(upstreams) };
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
function placeOf(view: MeshView, upstreams: readonly TransparentUpstream[]): ExtensionPlace {
  const chains = upstreams.flatMap(({ service, needs }): [string, TrafficPlace][] => {
    const protocol = protocolOf(view, needs);
    return protocol === undefined ? [] : [[service, { direction: 'outbound', service, protocol }]];
  });
  const outside = { direction: 'outbound', service: '', protocol: 'tcp', resource: 'listener' } as const;
  return { ...outside, chains: Object.fromEntries(chains) };
}

function protocolOf(view: MeshView, needs: string): string | undefined {
  try {
    return chainOf(view, view.cell(upstreamChainCell, needs).filter.chain)?.protocol;
  } catch {
    return undefined;
  }
}
