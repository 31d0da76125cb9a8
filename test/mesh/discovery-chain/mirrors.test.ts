import { describe, expect, it } from 'vitest';
import { compileChain, encodeCompiledChain } from '../../../src/mesh/discovery-chain/index.js';
import { viewOfEntries } from '../support/plain-view.js';

const http = { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } };
const router = (...Routes: readonly object[]) => ({ Kind: 'service-router', Name: 'web', Routes });
const request = { service: 'web', evaluateInDatacenter: 'dc1', overrides: {} };
const compile = (...entries: readonly Record<string, unknown>[]) => compileChain(viewOfEntries(entries), request);
const chainOf = (...entries: readonly Record<string, unknown>[]) => {
  const result = compile(...entries);
  if (!result.ok) throw new Error(result.problem);
  return result.chain;
};

describe('a service that gets copies of requests', () => {
  const mirrored = router({ Destination: { RequestMirrors: [{ Service: 'shadow' }, { ServiceSubset: 'v2' }] } });
  const subsets = { Kind: 'service-resolver', Name: 'web', Subsets: { v2: {} } };

  it('is among the targets, behind its redirects, default subset and failover', () => {
    const chain = chainOf(
      http,
      mirrored,
      subsets,
      {
        Kind: 'service-resolver',
        Name: 'shadow',
        Redirect: { Service: 'real', ServiceSubset: 'v1' },
      },
      {
        Kind: 'service-resolver',
        Name: 'real',
        Subsets: { v1: {} },
        Failover: { '*': { Service: 'spare' } },
      },
    );
    expect(Object.keys(chain.targets)).toEqual([
      'spare.default.default.dc1',
      'v1.real.default.default.dc1',
      'v2.web.default.default.dc1',
      'web.default.default.dc1',
    ]);
    const start = chain.nodes[chain.startNode];
    expect(start?.type === 'router' && start.routes[0]?.mirrorNodes).toEqual([
      'resolver:v1.real.default.default.dc1',
      'resolver:v2.web.default.default.dc1',
    ]);
  });

  it('gets them itself, whatever its splitter says', () => {
    const splitter = { Kind: 'service-splitter', Name: 'shadow', Splits: [{ Weight: 100, Service: 'other' }] };
    expect(Object.keys(chainOf(http, mirrored, subsets, splitter).targets)).toContain('shadow.default.default.dc1');
  });

  it('must speak the protocol of the chain and have the subset', () => {
    const tcp = { Kind: 'service-defaults', Name: 'shadow', Protocol: 'tcp' };
    expect(compile(http, mirrored, subsets, tcp)).toMatchObject({
      ok: false,
      problem: expect.stringContaining('inconsistent protocols') as string,
    });
    expect(compile(http, mirrored)).toMatchObject({
      ok: false,
      problem: expect.stringContaining('does not have a subset named') as string,
    });
  });

  it('is shown in the chain; chains without are shown as ever', () => {
    const routesOf = (chain: ReturnType<typeof chainOf>) =>
      (encodeCompiledChain(chain)['Nodes'] as Record<string, { Routes: object[] }>)['router:web.default.default']
        ?.Routes;
    expect(routesOf(chainOf(http, mirrored, subsets))?.[0]).toMatchObject({
      MirrorNodes: [expect.any(String), expect.any(String)],
    });
    expect(routesOf(chainOf(http, router({ Destination: {} })))?.map((route) => Object.keys(route))).toEqual([
      ['Definition', 'NextNode'],
      ['Definition', 'NextNode'],
    ]);
  });
});

describe('a direct response', () => {
  it('leads nowhere', () => {
    const chain = chainOf(http, router({ Match: { HTTP: { PathExact: '/x' } }, DirectResponse: { Status: 410 } }));
    const start = chain.nodes[chain.startNode];
    expect(start?.type === 'router' && start.routes.map(({ nextNode }) => nextNode)).toEqual([
      '',
      'resolver:web.default.default.dc1',
    ]);
    expect(Object.keys(chain.nodes)).toEqual(['resolver:web.default.default.dc1', 'router:web.default.default']);
  });
});
