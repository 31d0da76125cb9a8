import { type EnvoyMessages, packAny } from '../envoy-api/index.js';
import { listenerAccessLogs } from './access-logs.js';
import type { Builder } from './builder.js';
import { epochMetadata } from './chain-epoch.js';
import { chainOf } from './chain-input.js';
import { parseEscapeHatch } from './escape-hatch.js';
import { type UpstreamFilterInput, routeReferences, upstreamFilter } from './upstream-filter.js';

/** An explicit upstream's listener, as far as it does not follow from its chain. */
export interface UpstreamListenerInput extends UpstreamFilterInput {
  readonly name: string;
  readonly chain: string;
  /** When access to one of the chain's destinations was last taken away from the caller; absent = never. */
  readonly epoch?: number;
  readonly bindAddress: string;
  readonly bindPort: number;
  readonly bindSocketPath: string;
  readonly bindSocketMode: string;
  readonly balance: string;
  /** `envoy_listener_json` of the upstream, where it applies: it takes the generated listener's place, under our name. */
  readonly listenerJson?: string;
}

const LISTENER = 'envoy.config.listener.v3.Listener';

type Listener = EnvoyMessages[typeof LISTENER];
type FilterChain = NonNullable<Listener['filter_chains']>[number];

/** The listener of an explicit upstream: TCP to one cluster, or HTTP with inline or fetched routes (consul-behaviour 6.4). */
export const upstreamListener: Builder<UpstreamListenerInput> = (view, input) => {
  const chain = chainOf(view, input.chain);
  if (chain === undefined) return undefined;
  const { epoch = 0 } = input;
  const ended = epoch > 0 ? { chainEpoch: epoch } : {};
  const escaped = input.listenerJson === undefined ? undefined : parseEscapeHatch(input.listenerJson, LISTENER);
  if (escaped && 'message' in escaped) {
    const any = packAny(LISTENER, { ...withEpoch(escaped.message, epoch), name: input.name });
    return { name: input.name, any, ...ended };
  }
  const filter = upstreamFilter(chain, input);
  if (filter === undefined) return undefined;
  const any = packAny(LISTENER, {
    name: input.name,
    address: bindAddress(input),
    traffic_direction: 'OUTBOUND',
    filter_chains: [{ filters: [filter], ...(epoch > 0 ? { metadata: epochMetadata(epoch) } : {}) }],
    access_log: listenerAccessLogs(input.accessLogs),
    ...(input.balance === 'exact_balance' ? { connection_balance_config: { exact_balance: {} } } : {}),
  });
  return { name: input.name, any, references: routeReferences(chain, input.upstream), ...ended };
};

function bindAddress(input: UpstreamListenerInput) {
  if (input.bindSocketPath === '')
    return { socket_address: { address: input.bindAddress, port_value: input.bindPort } };
  const mode = Number.parseInt(input.bindSocketMode || '0', 8);
  return { pipe: { path: input.bindSocketPath, ...(mode > 0 ? { mode } : {}) } };
}

/** The user's own listener, its chains marked as ours would be. */
function withEpoch(listener: Listener, epoch: number): Listener {
  if (epoch === 0) return listener;
  const marked = (chain: FilterChain): FilterChain => {
    const filter_metadata = { ...chain.metadata?.filter_metadata, ...epochMetadata(epoch).filter_metadata };
    return { ...chain, metadata: { ...chain.metadata, filter_metadata } };
  };
  const { filter_chains: chains = [], default_filter_chain: rest } = listener;
  return { ...listener, filter_chains: chains.map(marked), ...(rest ? { default_filter_chain: marked(rest) } : {}) };
}
