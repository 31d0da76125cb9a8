import { jsonKey, jsonKeyInput } from '../../../core/index.js';
import { entryOf } from '../../../mesh/discovery-chain/index.js';
import { greatestEpoch, revocationsFrom } from '../../../mesh/intentions/index.js';
import { type UpstreamCaller, implicitUpstream, resolveUpstream, upstreamCaller } from '../../../mesh/proxy/index.js';
import { callableServicesCell } from '../../../mesh/transparent-proxy/index.js';
import type { Cell, MeshView } from '../../../model/index.js';
import type { TransparentInput } from './transparent-input.js';
import { upstreamChainCell, upstreamNeedsKey } from '../upstreams/upstream-chain.js';
import type { UpstreamSettings } from '../upstreams/upstream-settings.js';

/** An upstream that a transparent sidecar has because it may call the service. */
export interface TransparentUpstream {
  readonly service: string;
  /** `upstreamNeedsKey`. */
  readonly needs: string;
  /** It is outside the mesh: called by the addresses of its service-defaults, through gateways. */
  readonly isDestination: boolean;
}

interface CalledInput {
  readonly service: string;
  readonly caller: UpstreamCaller;
  readonly settings: UpstreamSettings;
}

/** One upstream, the same for all callers that say the same about it. Key: canonical JSON of the input. */
const transparentUpstreamCell: Cell<TransparentUpstream> = {
  kind: 'transparent-upstream',
  compute(view, key) {
    const { service, caller, settings } = jsonKeyInput<CalledInput>(key);
    const upstream = resolveUpstream(view, implicitUpstream(service), caller);
    const isDestination = entryOf(view, 'service-defaults', service)?.destination !== undefined;
    return { service, needs: upstreamNeedsKey({ upstream, transparent: true, ...settings }), isDestination };
  },
};

/** The upstreams of an outbound side, sorted by name. Key: `transparentKey`. */
export const transparentUpstreamsCell: Cell<readonly TransparentUpstream[]> = {
  kind: 'transparent-upstreams',
  compute(view, key) {
    const input = jsonKeyInput<TransparentInput>(key);
    const {
      port: _port,
      extended: _extended,
      explicit,
      service: caller,
      datacenter,
      ownMeshGatewayMode,
      ...settings
    } = input;
    const common = entryOf(view, 'proxy-defaults', 'global');
    const own = entryOf(view, 'service-defaults', caller);
    const elsewhere = new Set(explicit);
    return view
      .cell(callableServicesCell, caller)
      .filter((service) => !elsewhere.has(service))
      .map((service) => {
        const called = { destinationName: service, destinationPeer: '' };
        const said = upstreamCaller({ datacenter, ownMeshGatewayMode }, called, common, own);
        return view.cell(transparentUpstreamCell, jsonKey({ service, caller: said, settings }));
      });
  },
};

/** When access was last taken away from the service of an outbound side. */
export interface TransparentEpochs {
  /** By upstream; those of whom nothing was ever taken away are absent. */
  readonly upstreams: Readonly<Record<string, number>>;
  /** By port: the greatest of destinations with HTTP addresses there, those that are no upstreams any more included. */
  readonly ports: Readonly<Record<number, number>>;
  /** The greatest of all, those of services that are no upstreams any more included; 0 = never. */
  readonly greatest: number;
}

/** With one look at the revocations for all upstreams. Key: `transparentKey`. */
export const transparentEpochsCell: Cell<TransparentEpochs> = {
  kind: 'transparent-epochs',
  compute(view, key) {
    const { service: caller } = jsonKeyInput<TransparentInput>(key);
    const revoked = revocationsFrom(view, caller);
    if (revoked.size === 0) return { upstreams: {}, ports: {}, greatest: 0 };
    const epochs = view.cell(transparentUpstreamsCell, key).flatMap(({ service, needs, isDestination }) => {
      const reached = isDestination ? [service] : destinationsOf(view, needs);
      const epoch = greatestEpoch(revoked, reached);
      return epoch > 0 ? [[service, epoch] as const] : [];
    });
    return {
      upstreams: Object.fromEntries(epochs),
      ports: portEpochs(view, revoked),
      greatest: Math.max(...revoked.values()),
    };
  },
};

/** HTTP addresses at one port share a chain: what was taken away there ends with it, whether the service is still an upstream or not. */
function portEpochs(view: MeshView, revoked: ReadonlyMap<string, number>): Readonly<Record<number, number>> {
  const epochs: Record<number, number> = {};
  for (const [service, index] of revoked) {
    const port = entryOf(view, 'service-defaults', service)?.destination?.port;
    if (port !== undefined) epochs[port] = Math.max(index, revoked.get('*') ?? 0, epochs[port] ?? 0);
  }
  return epochs;
}

/** None for a chain that does not compile: nothing leads there. */
function destinationsOf(view: MeshView, needs: string): readonly string[] {
  try {
    return view.cell(upstreamChainCell, needs).destinations;
  } catch {
    return [];
  }
}
