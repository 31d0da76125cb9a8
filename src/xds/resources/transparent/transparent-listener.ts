import { entryOf, trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import { AppError } from '../../../core/index.js';
import type { MeshView } from '../../../model/index.js';
import { type PackedAny, encodeMessage } from '../../envoy-api/index.js';
import { listenerAccessLogs } from '../access-logs.js';
import type { Builder } from '../builder.js';
import { type DestinationAddress, isHttpAddress, sharedPortName } from './destination-addresses.js';
import { destinationChains, httpPorts } from './destination-chains.js';
import { httpInspector, onlyAtPorts, originalDestinationFilter, tlsInspector } from '../listener-filters.js';
import { type OutboundUpstream, outboundUpstreamCell, outboundUpstreamKey } from '../upstreams/outbound-chain.js';
import { settledChains } from '../upstreams/settled-chains.js';
import { ORIGINAL_DESTINATION } from './passthrough.js';
import { transparentDestinationsCell } from './transparent-destinations.js';
import { type TransparentInput, transparentKey } from './transparent-input.js';
import { transparentEpochsCell, transparentUpstreamsCell } from './transparent-upstreams.js';
import { tcpProxy } from '../upstreams/upstream-filter.js';

const LISTENER = 'envoy.config.listener.v3.Listener';
const LOOPBACK = '127.0.0.1';
const LOOPBACK_6 = '::1';

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
  const key = transparentKey(input);
  const { addresses, ports } = view.cell(transparentDestinationsCell, key);
  const upstreams = upstreamsOf(view, key, { ...(named ? { named } : {}), ...(ports.length > 0 ? { ports } : {}) });
  if (upstreams === undefined) return undefined;
  const mesh = entryOf(view, 'mesh', 'mesh');
  const epochs = view.cell(transparentEpochsCell, key);
  const chains = [
    ...settledChains(upstreams.flatMap(({ chains: own }) => own)),
    ...destinationChains(view, addresses, { input, epochs, named: named === true }),
  ];
  const frame = encodeMessage(LISTENER, {
    name,
    ...addressesOf(input),
    traffic_direction: 'OUTBOUND',
    listener_filters: listenerFilters(addresses),
    access_log: listenerAccessLogs(input.accessLogs),
    ...(mesh?.transparentProxy.meshDestinationsOnly
      ? // Envoy takes no listener without a chain. One without filters closes every connection, as none that matches does.
        { filter_chains: chains.length === 0 ? [{}] : [] }
      : { default_filter_chain: passThrough(input) }),
  });
  const any: PackedAny = { type_url: `type.googleapis.com/${LISTENER}`, value: Buffer.concat([frame, ...chains]) };
  const trustDomain = trustDomainOf(view);
  return {
    name,
    any,
    references: [
      ...upstreams.flatMap(({ references }) => references),
      ...httpPorts(addresses).map((port) => ({
        type: 'route' as const,
        name: sharedPortName(port, input.datacenter, trustDomain),
      })),
    ],
    entries: [...new Set(upstreams.flatMap(({ entries }) => entries)), ...(mesh ? ['mesh/mesh'] : [])],
    ...(epochs.greatest > 0 ? { chainEpoch: epochs.greatest } : {}),
  };
};

/** Redirected connections keep their family. An address that a host has not got would make its Envoy refuse the whole listener. */
function addressesOf({ port, ipv6 }: TransparentInput) {
  const at = (address: string) => ({ socket_address: { address, port_value: port } });
  return { address: at(LOOPBACK), ...(ipv6 ? { additional_addresses: [{ address: at(LOOPBACK_6) }] } : {}) };
}

/** Where a connection was going, and at the ports of addresses outside the mesh what their chains are chosen by. */
function listenerFilters(addresses: readonly DestinationAddress[]) {
  const named = addresses.filter((address) => !address.isIp && !isHttpAddress(address)).map(({ port }) => port);
  const tls = [...new Set(named)].sort((left, right) => left - right);
  const http = httpPorts(addresses);
  return [
    originalDestinationFilter(),
    ...(tls.length > 0 ? [onlyAtPorts(tlsInspector(), tls)] : []),
    ...(http.length > 0 ? [onlyAtPorts(httpInspector(), http)] : []),
  ];
}

function upstreamsOf(
  view: MeshView,
  key: string,
  more: { readonly named?: true; readonly ports?: readonly number[] },
): readonly OutboundUpstream[] | undefined {
  const { upstreams: epochs } = view.cell(transparentEpochsCell, key);
  try {
    return view
      .cell(transparentUpstreamsCell, key)
      .filter(({ isDestination }) => !isDestination)
      .map(({ service, needs }) =>
        view.cell(outboundUpstreamCell, outboundUpstreamKey({ service, needs, epoch: epochs[service] ?? 0, ...more })),
      );
  } catch (thrown) {
    if (thrown instanceof AppError) return undefined;
    throw thrown;
  }
}

const passThrough = ({ accessLogs }: TransparentInput) => ({
  filters: [tcpProxy(`upstream.${ORIGINAL_DESTINATION}`, ORIGINAL_DESTINATION, accessLogs)],
});
