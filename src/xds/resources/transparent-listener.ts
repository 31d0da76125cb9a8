import { entryOf } from '../../mesh/discovery-chain/index.js';
import { AppError } from '../../core/index.js';
import type { MeshView } from '../../model/index.js';
import { type PackedAny, encodeMessage } from '../envoy-api/index.js';
import { listenerAccessLogs } from './access-logs.js';
import type { Builder } from './builder.js';
import { originalDestinationFilter } from './listener-filters.js';
import { type OutboundUpstream, outboundUpstreamCell, outboundUpstreamKey } from './outbound-chain.js';
import { settledChains } from './settled-chains.js';
import { ORIGINAL_DESTINATION } from './passthrough.js';
import { type TransparentInput, transparentKey } from './transparent-input.js';
import { transparentEpochsCell, transparentUpstreamsCell } from './transparent-upstreams.js';
import { tcpProxy } from './upstream-filter.js';

const LISTENER = 'envoy.config.listener.v3.Listener';
const LOOPBACK = '127.0.0.1';

export interface TransparentListenerInput extends TransparentInput {
  readonly name: string;
  /** Chains are named after their upstreams, so that extensions find them. */
  readonly named?: true;
}

/** The listener of an outbound side: `outbound_listener:127.0.0.1:<port>`. */
export function transparentListenerInput(input: TransparentInput, named = false): TransparentListenerInput {
  return { ...input, name: `outbound_listener:${LOOPBACK}:${input.port}`, ...(named ? { named: true as const } : {}) };
}

/**
 * The listener that a transparent sidecar's redirected connections arrive at (consul-behaviour 6.4): a chain for each upstream by
 * its addresses, everything else goes where it was going unless only the mesh may be called. Chains come encoded and are put one
 * after another: of a thousand upstreams only the one that changed is made again. undefined while one does not compile, so that a
 * proxy keeps the listener that it has.
 */
export const transparentListener: Builder<TransparentListenerInput> = (view, { name, named, ...input }) => {
  const upstreams = upstreamsOf(view, input, named ? { named } : {});
  if (upstreams === undefined) return undefined;
  const mesh = entryOf(view, 'mesh', 'mesh');
  const frame = encodeMessage(LISTENER, {
    name,
    address: { socket_address: { address: LOOPBACK, port_value: input.port } },
    traffic_direction: 'OUTBOUND',
    listener_filters: [originalDestinationFilter()],
    access_log: listenerAccessLogs(input.accessLogs),
    ...(mesh?.transparentProxy.meshDestinationsOnly ? {} : { default_filter_chain: passThrough(input) }),
  });
  const chains = settledChains(upstreams.flatMap(({ chains: own }) => own));
  const any: PackedAny = { type_url: `type.googleapis.com/${LISTENER}`, value: Buffer.concat([frame, ...chains]) };
  const { greatest: chainEpoch } = view.cell(transparentEpochsCell, transparentKey(input));
  return {
    name,
    any,
    references: upstreams.flatMap(({ references }) => references),
    entries: [...new Set(upstreams.flatMap(({ entries }) => entries)), ...(mesh ? ['mesh/mesh'] : [])],
    ...(chainEpoch > 0 ? { chainEpoch } : {}),
  };
};

function upstreamsOf(
  view: MeshView,
  input: TransparentInput,
  naming: { readonly named?: true },
): readonly OutboundUpstream[] | undefined {
  const key = transparentKey(input);
  const { upstreams: epochs } = view.cell(transparentEpochsCell, key);
  try {
    return view
      .cell(transparentUpstreamsCell, key)
      .map(({ service, needs }) =>
        view.cell(
          outboundUpstreamCell,
          outboundUpstreamKey({ service, needs, epoch: epochs[service] ?? 0, ...naming }),
        ),
      );
  } catch (thrown) {
    if (thrown instanceof AppError) return undefined;
    throw thrown;
  }
}

const passThrough = ({ accessLogs }: TransparentInput) => ({
  filters: [tcpProxy(`upstream.${ORIGINAL_DESTINATION}`, ORIGINAL_DESTINATION, accessLogs)],
});
