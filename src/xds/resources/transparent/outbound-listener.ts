import { type EnvoyMessages, packAny } from '../../envoy-api/index.js';
import { listenerAccessLogs } from '../access-logs.js';
import type { BuiltResource } from '../builder.js';
import { epochMetadata } from '../upstreams/chain-epoch.js';
import { parseEscapeHatch } from '../escape-hatch.js';
import type { NamedFilter } from '../http-connection-manager.js';
import type { UpstreamFilterInput } from '../upstreams/upstream-filter.js';

/** The listener of an explicit upstream, whatever it leads to. */
export interface OutboundListenerInput extends UpstreamFilterInput {
  readonly name: string;
  /** When access to one of its destinations was last taken away from the caller; absent = never. */
  readonly epoch?: number;
  readonly bindAddress: string;
  readonly bindPort: number;
  readonly bindSocketPath: string;
  readonly bindSocketMode: string;
  readonly balance: string;
  /** `envoy_listener_json` of the upstream, where it applies: it takes the generated listener's place, under our name. */
  readonly listenerJson?: string;
}

/** What stands in the one filter chain of an outbound listener, and what that makes Envoy ask for. */
export interface OutboundFilter {
  readonly filter: NamedFilter;
  readonly references: NonNullable<BuiltResource['references']>;
}

const LISTENER = 'envoy.config.listener.v3.Listener';

type Listener = EnvoyMessages[typeof LISTENER];
type FilterChain = NonNullable<Listener['filter_chains']>[number];

/**
 * The listener where an application reaches an upstream (consul-behaviour 6.4): the user's own, or one with the given filter;
 * undefined when there is no filter to be had.
 */
export function outboundListener(
  input: OutboundListenerInput,
  filterOf: () => OutboundFilter | undefined,
): BuiltResource | undefined {
  const { epoch = 0, name } = input;
  const ended = epoch > 0 ? { chainEpoch: epoch } : {};
  const escaped = input.listenerJson === undefined ? undefined : parseEscapeHatch(input.listenerJson, LISTENER);
  if (escaped && 'message' in escaped)
    return { name, any: packAny(LISTENER, { ...withEpoch(escaped.message, epoch), name }), ...ended };
  const found = filterOf();
  if (found === undefined) return undefined;
  const any = packAny(LISTENER, {
    name,
    address: bindAddress(input),
    traffic_direction: 'OUTBOUND',
    filter_chains: [{ filters: [found.filter], metadata: epoch > 0 ? epochMetadata(epoch) : undefined }],
    access_log: listenerAccessLogs(input.accessLogs),
    connection_balance_config: input.balance === 'exact_balance' ? { exact_balance: {} } : undefined,
  });
  return { name, any, references: found.references, ...ended };
}

function bindAddress(input: OutboundListenerInput) {
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
