import { jsonKey, jsonKeyInput } from '../../core/index.js';
import type { Cell } from '../../model/index.js';
import { compileChain } from './compile.js';
import type { ChainRequest, ChainResult } from './compiled-chain.js';
import { withoutNewerHeaders } from './newer-formats.js';

/** Key of the chain's cell: the canonical JSON of the request, overrides that are empty left out. */
export function chainKey({ service, evaluateInDatacenter, overrides, formatsUpTo }: ChainRequest): string {
  const { connectTimeoutMs, meshGatewayMode, protocol } = overrides;
  return jsonKey({
    evaluateInDatacenter,
    ...(formatsUpTo === undefined ? {} : { formatsUpTo }),
    overrides: {
      ...(connectTimeoutMs ? { connectTimeoutMs } : {}),
      ...(meshGatewayMode ? { meshGatewayMode } : {}),
      ...(protocol ? { protocol } : {}),
    },
    service,
  } satisfies ChainRequest);
}

/** The compiled chain of a `ChainRequest` (its key: `chainKey`). */
export const discoveryChainCell: Cell<ChainResult> = {
  kind: 'discovery-chain',
  compute(view, key) {
    const whole = jsonKeyInput<ChainRequest>(key);
    if (whole.formatsUpTo === undefined) return compileChain(view, whole);
    const { formatsUpTo, ...request } = whole;
    const result = view.cell(discoveryChainCell, chainKey(request));
    return result.ok ? { ok: true, chain: withoutNewerHeaders(result.chain, formatsUpTo) } : result;
  },
};
