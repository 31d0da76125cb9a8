import { trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import type { MeshView } from '../../../model/index.js';
import { encodeMessage } from '../../envoy-api/index.js';
import { addressMatch } from './address-match.js';
import { epochMetadata } from '../upstreams/chain-epoch.js';
import { type DestinationAddress, isHttpAddress, sharedPortName } from './destination-addresses.js';
import { type NamedFilter, httpConnectionManager } from '../http-connection-manager.js';
import type { FilterChain } from '../upstreams/outbound-chain.js';
import type { TransparentInput } from './transparent-input.js';
import type { TransparentEpochs } from './transparent-upstreams.js';
import { tcpProxy } from '../upstreams/upstream-filter.js';

/** What a chain for addresses outside the mesh depends on besides them. */
export interface DestinationContext {
  readonly input: TransparentInput;
  readonly epochs: TransparentEpochs;
  /** Chains are named, so that extensions find them. */
  readonly named: boolean;
}

/**
 * The chains of addresses outside the mesh, encoded (consul-behaviour 6.4): for each TCP address one by port and by IP address or
 * the server name that TLS asks for; for all HTTP addresses at a port one, which tells them apart by host.
 */
export function destinationChains(
  view: MeshView,
  addresses: readonly DestinationAddress[],
  context: DestinationContext,
): readonly Buffer[] {
  const tcp = addresses
    .filter((address) => !isHttpAddress(address))
    .map((address) => connectionChain(address, context));
  const http = httpPorts(addresses).map((port) => requestChain(view, port, context));
  return [...tcp, ...http].map((chain) =>
    encodeMessage('envoy.config.listener.v3.Listener', { filter_chains: [chain] }),
  );
}

/** The ports of HTTP addresses, in order. */
export function httpPorts(addresses: readonly DestinationAddress[]): readonly number[] {
  const ports = new Set(addresses.filter(isHttpAddress).map(({ port }) => port));
  return [...ports].sort((left, right) => left - right);
}

function connectionChain(destination: DestinationAddress, { input, epochs, named }: DestinationContext): FilterChain {
  const { address, isIp, port, cluster, service } = destination;
  return {
    ...(named ? { name: service } : {}),
    filter_chain_match: {
      destination_port: { value: port },
      ...(isIp ? addressMatch([address]) : { server_names: [address] }),
    },
    ...withEpoch(tcpProxy(`upstream.${cluster}`, cluster, input.accessLogs), epochs.upstreams[service]),
  };
}

function requestChain(view: MeshView, port: number, { input, epochs, named }: DestinationContext): FilterChain {
  const name = sharedPortName(port, input.datacenter, trustDomainOf(view));
  const manager = httpConnectionManager({
    statPrefix: `upstream.${name}`,
    protocol: 'http',
    routes: { type: 'rds', name, fetchTimeoutMs: input.fetchTimeoutMs },
    filters: [],
    accessLogs: input.accessLogs,
    tracingJson: input.tracingJson,
  });
  return {
    ...(named ? { name } : {}),
    filter_chain_match: { destination_port: { value: port } },
    ...withEpoch(manager, epochs.ports[port]),
  };
}

function withEpoch(filter: NamedFilter, epoch = 0): Pick<FilterChain, 'filters' | 'metadata'> {
  return { filters: [filter], ...(epoch > 0 ? { metadata: epochMetadata(epoch) } : {}) };
}
