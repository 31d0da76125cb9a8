import { jsonKey, jsonKeyInput } from '../../../core/index.js';
import { type DirectInstance, virtualAddressesCell } from '../../../mesh/transparent-proxy/index.js';
import type { Cell, MeshView } from '../../../model/index.js';
import { type EnvoyMessages, encodeMessage } from '../../envoy-api/index.js';
import { addressMatch } from '../transparent/address-match.js';
import { chainEntriesCell } from './chain-entries.js';
import { epochMetadata } from './chain-epoch.js';
import { chainOf } from './chain-input.js';
import type { NamedFilter } from '../http-connection-manager.js';
import { passthroughInput, passthroughTargetsCell } from '../transparent/passthrough.js';
import type { ResourceType } from '../spec.js';
import { type UpstreamChain, upstreamChainCell } from './upstream-chain.js';
import { routeReferences, statPrefix, tcpProxy, upstreamFilter } from './upstream-filter.js';

type Listener = EnvoyMessages['envoy.config.listener.v3.Listener'];
export type FilterChain = NonNullable<Listener['filter_chains']>[number];

/** An address by which a chain is reached. Of two chains with one address that with the better claim has it. */
export interface AddressClaim {
  readonly address: string;
  /** 0: assigned to the service; 1: an instance says that it stands for the service; 2: an instance's own. */
  readonly rank: 0 | 1 | 2;
  /** Of instances' own addresses: the newer registration has the better claim. */
  readonly modifyIndex: number;
}

/** One filter chain of an outbound listener. */
export interface OutboundChain {
  readonly claims: readonly AddressClaim[];
  /** The chain without its match. */
  readonly chain: FilterChain;
  /** Ports at which it has to be named for itself (`encodedChain`). */
  readonly ports: readonly number[];
  /** An encoded Listener of nothing but this chain, reached by all its addresses: appended to another, it is one of its chains. */
  readonly encoded: Buffer;
}

/** What one upstream puts into an outbound listener. */
export interface OutboundUpstream {
  readonly chains: readonly OutboundChain[];
  readonly references: readonly { readonly type: ResourceType; readonly name: string }[];
  readonly entries: readonly string[];
}

export interface OutboundUpstreamInput {
  readonly service: string;
  /** `upstreamNeedsKey`. */
  readonly needs: string;
  /** When access to it was last taken away from the caller; 0 = never. */
  readonly epoch: number;
  /** Its chains bear its name. */
  readonly named?: true;
  /** Ports that other chains of the listener are chosen by; absent = none. */
  readonly ports?: readonly number[];
}

export const outboundUpstreamKey = (input: OutboundUpstreamInput): string => jsonKey(input);

/**
 * An upstream's chains, encoded once for all listeners that have them: by its virtual addresses, and for each target by those of
 * the instances that may be dialled directly (consul-behaviour 6.4). Key: `outboundUpstreamKey`. Throws while the upstream's chain
 * does not compile.
 */
export const outboundUpstreamCell: Cell<OutboundUpstream> = {
  kind: 'outbound-upstream',
  compute(view, key) {
    const input = jsonKeyInput<OutboundUpstreamInput>(key);
    const { filter } = view.cell(upstreamChainCell, input.needs);
    const virtual = virtualChain(view, filter, input);
    const direct = directChains(view, filter, input);
    const chain = chainOf(view, filter.chain);
    return {
      chains: [...virtual, ...direct],
      references: chain && virtual.length > 0 ? routeReferences(chain, filter.upstream) : [],
      entries: view.cell(chainEntriesCell, filter.chain),
    };
  },
};

type Filter = UpstreamChain['filter'];

function virtualChain(view: MeshView, filter: Filter, input: OutboundUpstreamInput): readonly OutboundChain[] {
  const chain = chainOf(view, filter.chain);
  const last = chain && upstreamFilter(chain, filter);
  if (last === undefined) return [];
  const { assigned, tagged } = view.cell(virtualAddressesCell, input.service);
  return outboundChain(last, input, [
    ...assigned.map((address) => ({ address, rank: 0 as const, modifyIndex: 0 })),
    ...tagged.map((address) => ({ address, rank: 1 as const, modifyIndex: 0 })),
  ]);
}

function directChains(view: MeshView, filter: Filter, input: OutboundUpstreamInput): readonly OutboundChain[] {
  const chain = chainOf(view, filter.chain);
  if (chain === undefined) return [];
  return view.cell(passthroughTargetsCell, filter.chain).flatMap((target) => {
    const last = tcpProxy(statPrefix(chain), passthroughInput(target).name, filter.accessLogs);
    return outboundChain(last, input, newestByAddress(target.instances));
  });
}

function newestByAddress(instances: readonly DirectInstance[]): readonly AddressClaim[] {
  const newest = new Map<string, number>();
  for (const { address, modifyIndex } of instances)
    newest.set(address, Math.max(modifyIndex, newest.get(address) ?? 0));
  return [...newest]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([address, modifyIndex]) => ({ address, rank: 2 as const, modifyIndex }));
}

function outboundChain(
  last: NamedFilter,
  { service, epoch, named, ports = [] }: OutboundUpstreamInput,
  claims: readonly AddressClaim[],
): readonly OutboundChain[] {
  if (claims.length === 0) return [];
  const chain: FilterChain = {
    ...(named ? { name: service } : {}),
    filters: [last],
    ...(epoch > 0 ? { metadata: epochMetadata(epoch) } : {}),
  };
  const addresses = claims.map(({ address }) => address);
  return [{ claims, chain, ports, encoded: encodedChain({ chain, ports }, addresses) }];
}

/**
 * A Listener of nothing but this chain, reached by these addresses, encoded. Envoy looks at ports before it looks at addresses and
 * never goes back: once any chain of a listener is chosen by a port, a chain for all ports does not have that one any more. So it
 * stands there again for each of these ports.
 */
export function encodedChain(
  { chain, ports }: Pick<OutboundChain, 'chain' | 'ports'>,
  addresses: readonly string[],
): Buffer {
  const match = addressMatch(addresses);
  const atPort = ports.map((value) => ({ filter_chain_match: { ...match, destination_port: { value } }, ...chain }));
  return encodeMessage('envoy.config.listener.v3.Listener', {
    filter_chains: [{ filter_chain_match: match, ...chain }, ...atPort],
  });
}
