import { discoveryChainQueryCell } from '../../../discovery/config/index.js';
import { type ChainOverrides, chainKey, encodeCompiledChain } from '../../../mesh/discovery-chain/index.js';
import { type Field, duration, object, oneOf, text } from '../../../model/wire/index.js';
import { badRequest, json } from '../answers.js';
import { readBodyAs } from '../json-body.js';
import { readCell } from '../read.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';

interface OverrideBody {
  readonly overrideConnectTimeoutMs: number;
  readonly overrideProtocol: string;
  readonly overrideMeshGateway: { readonly mode: '' | 'none' | 'local' | 'remote' };
}

const overrideField: Field<OverrideBody> = object<OverrideBody>({
  overrideConnectTimeoutMs: duration(),
  overrideProtocol: text(),
  overrideMeshGateway: object<OverrideBody['overrideMeshGateway']>({ mode: oneOf(['none', 'local', 'remote']) }),
});

const acl = { resource: 'service', access: 'read', scope: 'path' } as const;

/** consul-behaviour.md 1.7. */
export const discoveryChainRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/discovery-chain/',
    acl,
    blocking: true,
    handle: (request) => compile(request, {}),
  },
  {
    method: 'POST',
    path: '/v1/discovery-chain/',
    acl,
    blocking: true,
    handle: async (request) => compile(request, await readOverrides(request)),
  },
];

async function readOverrides(request: ApiRequest): Promise<ChainOverrides> {
  const body = await readBodyAs(request, overrideField);
  return {
    protocol: body.overrideProtocol,
    connectTimeoutMs: body.overrideConnectTimeoutMs,
    meshGatewayMode: body.overrideMeshGateway.mode,
  };
}

async function compile(request: ApiRequest, overrides: ChainOverrides): Promise<ApiAnswer> {
  if (request.rest === '') badRequest('Missing chain name');
  const evaluateInDatacenter = request.query.get('compile-dc') || request.config.datacenter;
  const key = chainKey({ service: request.rest, evaluateInDatacenter, overrides });
  const { value, headers } = await readCell(request, discoveryChainQueryCell, key);
  if (!value.ok) badRequest(value.problem);
  // Beside the chain, not part of it: a change of virtual IPs alone does not wake those who wait for the chain.
  const virtualIps = request.deps.store.view.get('virtual-ips', request.rest);
  return json({ Chain: encodeCompiledChain(value.chain, virtualIps) }, headers);
}
