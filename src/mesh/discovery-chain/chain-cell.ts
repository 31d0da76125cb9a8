import { canonicalJson } from '../../core/index.js';
import type { Cell } from '../../model/index.js';
import { compileChain } from './compile.js';
import type { ChainRequest, ChainResult } from './compiled-chain.js';
import { withoutNewerHeaders } from './newer-formats.js';

/** Key of the chain's cell: the canonical JSON of the request, overrides that are empty left out. */
export function chainKey({ service, evaluateInDatacenter, overrides, formatsUpTo }: ChainRequest): string {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== '' && value !== 0));
  return canonicalJson({
    service,
    evaluateInDatacenter,
    overrides: given,
    ...(formatsUpTo === undefined ? {} : { formatsUpTo }),
  });
}

/** The compiled chain of a `ChainRequest` (its key: `chainKey`). */
export const discoveryChainCell: Cell<ChainResult> = {
  kind: 'discovery-chain',
  compute(view, key) {
    const { formatsUpTo, ...request } = JSON.parse(key) as ChainRequest;
    if (formatsUpTo === undefined) return compileChain(view, request);
    const result = view.cell(discoveryChainCell, chainKey(request));
    return result.ok ? { ok: true, chain: withoutNewerHeaders(result.chain, formatsUpTo) } : result;
  },
};
