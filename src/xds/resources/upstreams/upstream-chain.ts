import { AppError, jsonKey, jsonKeyInput, sortedTexts } from '../../../core/index.js';
import type { Cell } from '../../../model/index.js';
import { type ChainRequest, chainKey, discoveryChainCell, newerHeaders } from '../../../mesh/discovery-chain/index.js';
import type { ResolvedUpstream } from '../../../mesh/proxy/index.js';
import type { UpstreamFilterInput } from './upstream-filter.js';
import type { UpstreamSettings } from './upstream-settings.js';

/** An upstream with what its proxy's settings add: everything its resources depend on besides the state. */
export interface UpstreamNeedsInput extends UpstreamSettings {
  readonly upstream: ResolvedUpstream;
  /** It is called by its virtual addresses, through the outbound listener of all such upstreams. */
  readonly transparent?: true;
}

/** Key of the cells of an upstream. */
export const upstreamNeedsKey = (input: UpstreamNeedsInput): string => jsonKey(input);

/** Where the requests to an upstream go. */
export interface UpstreamChain {
  /** Key of the chain, and what else its last filter is made from. */
  readonly filter: UpstreamFilterInput & { readonly chain: string };
  /** The services that its requests may reach, sorted. */
  readonly destinations: readonly string[];
  /** What of it the proxy's Envoy cannot do and is left out, as sentences. */
  readonly problems: readonly string[];
}

/** The chain of an upstream. Key: `upstreamNeedsKey`. Throws for a chain that does not compile. */
export const upstreamChainCell: Cell<UpstreamChain> = {
  kind: 'upstream-chain',
  compute(view, key) {
    const { upstream, transparent: _transparent, formatsUpTo, ...settings } = jsonKeyInput<UpstreamNeedsInput>(key);
    const request: ChainRequest = {
      service: upstream.destinationName,
      evaluateInDatacenter: upstream.datacenter,
      overrides: {
        protocol: upstream.protocol,
        meshGatewayMode: upstream.meshGatewayMode,
        connectTimeoutMs: upstream.connectTimeoutMs,
      },
    };
    const wholeChain = chainKey(request);
    const result = view.cell(discoveryChainCell, wholeChain);
    if (!result.ok) throw new AppError('invalidArgument', `upstream ${upstream.id}: ${result.problem}`);
    const leftOut = formatsUpTo === undefined ? [] : newerHeaders(result.chain, formatsUpTo);
    const chain = leftOut.length > 0 && formatsUpTo !== undefined ? chainKey({ formatsUpTo, ...request }) : wholeChain;
    return {
      filter: { upstream: upstream.id, chain, ...settings },
      destinations: sortedTexts(new Set(Object.values(result.chain.targets).map((target) => target.service))),
      problems: leftOut.map(
        ({ header, value, since }) =>
          `upstream ${upstream.id}: the header "${header}" is not set: "${value}" needs Envoy 1.${since}`,
      ),
    };
  },
};
