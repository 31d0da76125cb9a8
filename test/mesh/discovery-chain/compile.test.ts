import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/core/index.js';
import { type ChainResult, type CompiledChain, compileChain } from '../../../src/mesh/discovery-chain/index.js';
import { plainView, viewOfEntries } from '../support/plain-view.js';

const http = { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } };
const splitter = (name: string, ...services: readonly string[]) => ({
  Kind: 'service-splitter',
  Name: name,
  Splits: services.map((Service, position) => ({
    Service,
    Weight:
      position === 0
        ? 100 - Math.floor(100 / services.length) * (services.length - 1)
        : Math.floor(100 / services.length),
  })),
});
const resolver = (name: string, fields: object) => ({ Kind: 'service-resolver', Name: name, ...fields });
const request = { service: 'web', evaluateInDatacenter: 'dc1', overrides: {} };
const compile = (...entries: readonly Record<string, unknown>[]): ChainResult =>
  compileChain(viewOfEntries(entries), request);
const chainOf = (...entries: readonly Record<string, unknown>[]): CompiledChain => {
  const result = compile(...entries);
  if (!result.ok) throw new Error(result.problem);
  return result.chain;
};
const problemOf = (...entries: readonly Record<string, unknown>[]): string => {
  const result = compile(...entries);
  return result.ok ? 'none' : result.problem;
};

describe('a chain without entries', () => {
  it('is one resolver that points at the service itself', () => {
    expect(chainOf()).toMatchObject({
      default: true,
      protocol: 'tcp',
      customizationHash: '',
      startNode: 'resolver:web.default.default.dc1',
      targets: {
        'web.default.default.dc1': {
          sni: 'web.default.dc1.internal.11111111-2222-3333-4444-555555555555.consul',
          connectTimeoutMs: 5000,
        },
      },
    });
  });

  it('has no trust domain in its SNI before the CA is configured', () => {
    const result = compileChain(plainView({}), request);
    expect(result).toMatchObject({
      ok: true,
      chain: { targets: { 'web.default.default.dc1': { sni: 'web.default.dc1.internal.' } } },
    });
  });
});

describe('a resolver', () => {
  it('leads nowhere whose TLS server name would be too long', () => {
    expect(problemOf(resolver('web', { Redirect: { Datacenter: 'd'.repeat(200) } }))).toMatch(
      /^service-resolver\/web Redirect: target "web\.default\.default\.d+" has too long a name/,
    );
    expect(problemOf(resolver('web', { Redirect: { Datacenter: 'd\u0000' } }))).toMatch(/must not contain control/);
  });

  it('follows redirects one after the other and forgets the subset at another service', () => {
    const chain = chainOf(
      resolver('web', { Subsets: { v1: {} }, DefaultSubset: 'v1', Redirect: { Service: 'a' } }),
      resolver('a', { Redirect: { Service: 'b', Datacenter: 'dc2' } }),
    );
    expect(Object.keys(chain.targets)).toEqual(['b.default.default.dc2']);
    expect(chain.default).toBe(false);
  });

  it('ignores a redirect to itself', () => {
    expect(chainOf(resolver('web', { Redirect: { Service: 'web' } })).startNode).toBe(
      'resolver:web.default.default.dc1',
    );
  });

  it('refuses a circle of redirects', () => {
    expect(
      problemOf(resolver('web', { Redirect: { Service: 'a' } }), resolver('a', { Redirect: { Service: 'web' } })),
    ).toBe(
      'service-resolver/a Redirect: detected circular resolver redirect: [web.default.default.dc1 -> a.default.default.dc1 -> web.default.default.dc1]',
    );
  });

  it('does not take the names of object properties for subsets', () => {
    const split = { Kind: 'service-splitter', Name: 'web', Splits: [{ Weight: 100, ServiceSubset: 'constructor' }] };
    expect(problemOf(http, split, resolver('web', { Subsets: { v1: {} } }))).toBe(
      'service-splitter/web Splits[0].ServiceSubset: service "web" does not have a subset named "constructor"',
    );
  });

  it('lists every failover target once, and never the primary, also when redirects lead back to it', () => {
    const chain = chainOf(
      resolver('web', { Failover: { '*': { Targets: [{ Service: 'back' }, { Service: 'a' }, { Service: 'b' }] } } }),
      resolver('back', { Redirect: { Service: 'web' } }),
      resolver('b', { Redirect: { Service: 'a' } }),
    );
    expect(chain.nodes['resolver:web.default.default.dc1']).toMatchObject({
      resolver: { failover: { targets: ['a.default.default.dc1'] } },
    });
  });

  it('keeps the subset when it fails over to other datacenters', () => {
    const chain = chainOf(
      resolver('web', {
        DefaultSubset: 'v1',
        Subsets: { v1: { Filter: 'Service.Meta.v == 1' } },
        Failover: { v1: { Datacenters: ['dc2'] } },
      }),
    );
    expect(chain.targets['v1.web.default.default.dc2']).toMatchObject({
      serviceSubset: 'v1',
      subset: { filter: 'Service.Meta.v == 1' },
    });
  });

  it('fails over to a peer without asking for its protocol', () => {
    const chain = chainOf(
      http,
      { Kind: 'service-defaults', Name: 'far', Protocol: 'tcp' },
      resolver('web', { Failover: { '*': { Targets: [{ Service: 'far', Peer: 'east' }] } } }),
    );
    expect(chain.targets['far.default.default.external.east']).toMatchObject({
      peer: 'east',
      datacenter: '',
      sni: '',
      name: '',
    });
  });

  it('sends the external SNI as it is, keeps its own cluster name and uses no gateway', () => {
    const chain = chainOf(
      { Kind: 'proxy-defaults', Name: 'global', MeshGateway: { Mode: 'local' } },
      { Kind: 'service-defaults', Name: 'web', ExternalSNI: 'Web.Example' },
    );
    expect(chain.targets['web.default.default.dc1']).toMatchObject({
      external: true,
      sni: 'Web.Example',
      name: 'web.default.dc1.internal.11111111-2222-3333-4444-555555555555.consul',
      meshGateway: { mode: '' },
    });
  });
});

describe('a splitter', () => {
  it('merges into the splitters it leads to', () => {
    const chain = chainOf(http, splitter('web', 'a', 'b'), splitter('b', 'c', 'd'));
    expect(chain.nodes[chain.startNode]).toMatchObject({
      splits: [
        { weight: 50, nextNode: 'resolver:a.default.default.dc1' },
        { weight: 25, nextNode: 'resolver:c.default.default.dc1' },
        { weight: 25, nextNode: 'resolver:d.default.default.dc1' },
      ],
    });
    expect(Object.keys(chain.nodes)).not.toContain('splitter:b.default.default');
  });

  it('takes over the first balancer that hashes', () => {
    const balanced = (policy: string) => ({
      LoadBalancer: { Policy: policy, ...(policy === 'random' ? {} : { HashPolicies: [{ SourceIP: true }] }) },
    });
    const chain = chainOf(
      http,
      splitter('web', 'a', 'b', 'c'),
      resolver('a', balanced('random')),
      resolver('b', balanced('maglev')),
      resolver('c', balanced('ring_hash')),
    );
    expect(chain.nodes[chain.startNode]?.loadBalancer?.policy).toBe('maglev');
  });

  it('goes to the resolver, not to itself, where it names its own service', () => {
    expect(chainOf(http, splitter('web', 'web', 'a')).nodes['splitter:web.default.default']).toMatchObject({
      splits: [{ nextNode: 'resolver:web.default.default.dc1' }, { nextNode: 'resolver:a.default.default.dc1' }],
    });
  });

  it('gives nothing to a leg with a negative weight, which Envoy would not take', () => {
    const Splits = [{ Weight: 110 }, { Weight: -10, Service: 'a' }];
    const chain = chainOf(http, { Kind: 'service-splitter', Name: 'web', Splits });
    expect(chain.nodes[chain.startNode]).toMatchObject({ splits: [{ weight: 110 }, { weight: 0 }] });
  });

  it('is refused in a circle', () => {
    expect(problemOf(http, splitter('web', 'a', 'x'), splitter('a', 'b', 'y'), splitter('b', 'a', 'z'))).toBe(
      'service-splitter/b Splits[0].Service: detected circular reference: [splitter:a.default.default -> splitter:b.default.default -> splitter:a.default.default]',
    );
  });

  it('is refused when splitters over splitters would give too many legs', () => {
    const entries = [...Array(14).keys()].flatMap((level) =>
      ['l', 'r'].map((side) =>
        splitter(level === 0 ? (side === 'l' ? 'web' : 'other') : `${side}${level}`, `l${level + 1}`, `r${level + 1}`),
      ),
    );
    expect(problemOf(http, ...entries)).toContain('more than 4096 legs');
  });

  it('is refused when splitters over splitters would change too many headers', () => {
    const leg = (service: string, prefix: string) => ({
      Weight: 100,
      Service: service,
      RequestHeaders: { Set: Object.fromEntries([...Array(600).keys()].map((at) => [`${prefix}${at}`, 'x'])) },
    });
    const entries = [
      { Kind: 'service-splitter', Name: 'web', Splits: [leg('a', 'x-outer-')] },
      { Kind: 'service-splitter', Name: 'a', Splits: [leg('b', 'x-inner-')] },
    ];
    expect(problemOf(http, ...entries)).toBe(
      'service-splitter/web Splits: splitter "web.default.default" ends up with a leg that changes more than 1000 headers',
    );
  });

  it('is refused when too many follow one another', () => {
    const chain = [...Array(500).keys()].map((step) => splitter(step === 0 ? 'web' : `s${step}`, `s${step + 1}`));
    expect(problemOf(http, ...chain)).toContain('through more than 100 splitters in a row');
  });
});

describe('a chain', () => {
  it('is refused when its services do not speak one protocol', () => {
    expect(problemOf(http, { Kind: 'service-defaults', Name: 'a', Protocol: 'grpc' }, splitter('web', 'a'))).toBe(
      'service-splitter/web Splits[0].Service: discovery chain "web" uses inconsistent protocols; service "a" has "grpc" which is not "http"',
    );
  });

  it('of a tcp service cannot be routed', () => {
    expect(problemOf({ Kind: 'service-router', Name: 'web' })).toBe(
      'service-router/web Routes: discovery chain "web" uses a protocol "tcp" that does not permit advanced routing or splitting behavior',
    );
  });

  it.each([
    [
      { Kind: 'service-router', Name: 'web', Routes: [{}, { Destination: { ServiceSubset: 'v1' } }] },
      'Routes[1].Destination.ServiceSubset',
    ],
    [
      {
        Kind: 'service-router',
        Name: 'web',
        Routes: [{ Destination: { RequestMirrors: [{ Service: 'b', ServiceSubset: 'v1' }] } }],
      },
      'Routes[0].Destination.RequestMirrors[0].ServiceSubset',
    ],
    [resolver('web', { Redirect: { Service: 'a', ServiceSubset: 'v1' } }), 'Redirect.ServiceSubset'],
    [resolver('web', { Failover: { '*': { Service: 'a', ServiceSubset: 'v1' } } }), 'Failover["*"].ServiceSubset'],
    [
      resolver('web', {
        Subsets: { v2: {} },
        DefaultSubset: 'v2',
        Failover: { v2: { Targets: [{ Service: 'b' }, { Service: 'b', ServiceSubset: 'v1' }] } },
      }),
      'Failover["v2"].Targets[1].ServiceSubset',
    ],
  ])('names the field of a subset that is not there', (entry, field) => {
    const { Kind, Name } = entry;
    expect(problemOf(http, entry)).toMatch(/does not have a subset named "v1"$/);
    expect(problemOf(http, entry).split(': ')[0]).toBe(`${Kind}/${Name} ${field}`);
  });

  it('names the field of a subset that another entry sends requests to', () => {
    const router = { Kind: 'service-router', Name: 'web', Routes: [{ Destination: { Service: 'a' } }] };
    expect(problemOf(http, router, resolver('a', { Redirect: { Service: 'b.c', ServiceSubset: 'v1' } }))).toBe(
      'service-resolver/a Redirect.ServiceSubset: service "b.c" does not have a subset named "v1"',
    );
  });

  it('takes a route without match and destination', () => {
    const chain = chainOf(http, { Kind: 'service-router', Name: 'web', Routes: [{}] });
    expect(chain.nodes['router:web.default.default']).toMatchObject({
      routes: [{ nextNode: 'resolver:web.default.default.dc1' }, { nextNode: 'resolver:web.default.default.dc1' }],
    });
  });

  it('has the same bytes whatever the order of the entries', () => {
    const entries = [
      http,
      splitter('web', 'a', 'b', 'c'),
      splitter('b', 'd', 'e'),
      resolver('a', {
        Subsets: { v1: {}, v2: {} },
        DefaultSubset: 'v2',
        Failover: { '*': { Datacenters: ['dc3', 'dc2'] } },
      }),
      resolver('c', { Redirect: { Service: 'f' } }),
      {
        Kind: 'service-router',
        Name: 'web',
        Routes: [{ Match: { HTTP: { PathPrefix: '/x' } }, Destination: { Service: 'b' } }],
      },
    ];
    const expected = canonicalJson(compile(...entries));
    const written = JSON.stringify(compile(...entries));
    fc.assert(
      fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
        expect(canonicalJson(compile(...shuffled))).toBe(expected);
        expect(JSON.stringify(compile(...shuffled))).toBe(written);
      }),
      { numRuns: 30 },
    );
  });

  it('is a value, never a throw, for whatever entries could be stored', () => {
    const name = fc.constantFrom('web', 'a', 'b', 'c');
    const entry = fc.oneof(
      fc
        .tuple(name, fc.uniqueArray(name, { minLength: 1, maxLength: 3 }))
        .map(([own, others]) => splitter(own, ...others)),
      fc.tuple(name, name).map(([own, other]) => resolver(own, { Redirect: { Service: other } })),
      fc
        .tuple(name, name)
        .map(([own, other]) => resolver(own, { Failover: { '*': { Service: other } }, Subsets: { v: {} } })),
      fc
        .tuple(name, fc.constantFrom('', 'tcp', 'http', 'grpc'), fc.constantFrom('', 'sni.example'))
        .map(([own, Protocol, ExternalSNI]) => ({ Kind: 'service-defaults', Name: own, Protocol, ExternalSNI })),
      fc.tuple(name, name, fc.constantFrom('', 'v', '__proto__')).map(([own, Service, ServiceSubset]) => ({
        Kind: 'service-router',
        Name: own,
        Routes: [{ Destination: { Service, ServiceSubset } }],
      })),
      fc.constant(http),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 10 }), fc.constantFrom('', 'tcp', 'grpc'), (entries, protocol) => {
        const latest = new Map(entries.map((body) => [`${body.Kind}/${body.Name}`, body]));
        const result = compileChain(viewOfEntries([...latest.values()]), { ...request, overrides: { protocol } });
        if (!result.ok) expect(result.problem).not.toBe('');
        else {
          const { nodes, targets, startNode } = result.chain;
          expect(Object.keys(nodes)).toContain(startNode);
          for (const node of Object.values(nodes)) {
            if (node.type === 'resolver') expect(Object.keys(targets)).toContain(node.resolver.target);
            else
              for (const { nextNode } of node.type === 'router' ? node.routes : node.splits)
                expect(Object.keys(nodes)).toContain(nextNode);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
