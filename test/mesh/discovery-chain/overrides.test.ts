import { describe, expect, it } from 'vitest';
import {
  chainKey,
  compileChain,
  customizationHash,
  discoveryChainCell,
  encodeCompiledChain,
} from '../../../src/mesh/discovery-chain/index.js';
import { viewOfEntries } from '../support/plain-view.js';

const http = { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } };
const resolver = (name: string, fields: object) => ({ Kind: 'service-resolver', Name: name, ...fields });
const request = { service: 'web', evaluateInDatacenter: 'dc1', overrides: {} };
const chainOf = (...entries: readonly Record<string, unknown>[]) => {
  const result = compileChain(viewOfEntries(entries), request);
  if (!result.ok) throw new Error(result.problem);
  return result.chain;
};

describe('overrides', () => {
  it('give the hash that clients know from the documentation', () => {
    expect(customizationHash({ meshGatewayMode: 'local', protocol: 'grpc', connectTimeoutMs: 22_000 })).toBe(
      '98809527',
    );
  });

  it('that are empty do not make another cell', () => {
    const plain = chainKey(request);
    expect(chainKey({ ...request, overrides: { protocol: '', meshGatewayMode: '', connectTimeoutMs: 0 } })).toBe(plain);
    expect(chainKey({ ...request, overrides: { protocol: 'grpc' } })).not.toBe(plain);
  });

  it('reach the compilation through the key of the cell', () => {
    const view = viewOfEntries([http]);
    const key = chainKey({ ...request, overrides: { protocol: 'grpc', connectTimeoutMs: 1000 } });
    expect(view.cell(discoveryChainCell, key)).toMatchObject({
      ok: true,
      chain: { protocol: 'grpc', customizationHash: customizationHash({ protocol: 'grpc', connectTimeoutMs: 1000 }) },
    });
  });
});

describe('the wire form', () => {
  it('shows virtual IPs beside the chain, and null without any', () => {
    const chain = chainOf();
    expect(encodeCompiledChain(chain)).toMatchObject({ AutoVirtualIPs: null, ManualVirtualIPs: null });
    expect(encodeCompiledChain(chain, { ip: '240.0.0.1', manualIps: ['192.0.2.1'] })).toMatchObject({
      AutoVirtualIPs: ['240.0.0.1'],
      ManualVirtualIPs: ['192.0.2.1'],
    });
  });

  it('shows the request timeout of a resolver in nanoseconds', () => {
    const chain = chainOf(resolver('web', { RequestTimeout: '3s' }));
    expect(encodeCompiledChain(chain)).toMatchObject({
      Nodes: { 'resolver:web.default.default.dc1': { Resolver: { RequestTimeout: 3_000_000_000 } } },
    });
  });
});
