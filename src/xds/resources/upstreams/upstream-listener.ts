import type { Builder } from '../builder.js';
import { chainOf } from './chain-input.js';
import { type OutboundListenerInput, outboundListener } from '../transparent/outbound-listener.js';
import { routeReferences, upstreamFilter } from './upstream-filter.js';

/** An explicit upstream's listener, as far as it does not follow from its chain. */
export interface UpstreamListenerInput extends OutboundListenerInput {
  readonly chain: string;
}

/** The listener of an explicit upstream: TCP to one cluster, or HTTP with inline or fetched routes (consul-behaviour 6.4). */
export const upstreamListener: Builder<UpstreamListenerInput> = (view, input) => {
  const chain = chainOf(view, input.chain);
  if (chain === undefined) return undefined;
  return outboundListener(input, () => {
    const filter = upstreamFilter(chain, input);
    return filter && { filter, references: routeReferences(chain, input.upstream) };
  });
};
