import { beforeEach, describe, expect, it } from 'vitest';
import { put } from '../../discovery/config/entry-store.js';
import { RCODES } from '../../../src/edges/dns/message/index.js';
import { type TestDns, query, shown, testDns } from './support/test-dns.js';

const web = (node: string, address: string, changes: object = {}, status = 'passing') => ({
  Node: node,
  Address: address,
  Service: { ID: `web-${node}`, Service: 'web', Port: 80, ...changes },
  Checks: [{ CheckID: `c-${node}`, Name: 'up', ServiceID: `web-${node}`, Status: status }],
});

let dns: TestDns;
const answers = async (question: string, options = {}): Promise<string[]> =>
  (await dns.ask(question, options)).answers.map(shown).sort();
const rcode = async (question: string): Promise<number> => (await dns.ask(question)).rcode;

describe('names of services', () => {
  beforeEach(async () => {
    dns = await testDns();
    await dns.register(web('a', '10.0.0.1', { Tags: ['v1', 'Prod.eu'] }));
    await dns.register(web('b', '10.0.0.2', { Tags: ['v2'] }, 'warning'));
    await dns.register(web('c', '10.0.0.3', {}, 'critical'));
  });

  it('are answered with the instances that are not critical, whatever the case', async () => {
    expect(await answers('web.service.consul')).toEqual([
      'web.service.consul. A 10.0.0.1',
      'web.service.consul. A 10.0.0.2',
    ]);
    expect(await answers('WEB.Service.DC1.consul')).toHaveLength(2);
  });

  it('may carry a tag, also one with a dot', async () => {
    expect(await answers('v2.web.service.consul')).toEqual(['v2.web.service.consul. A 10.0.0.2']);
    expect(await answers('prod.eu.web.service.consul')).toEqual(['prod.eu.web.service.consul. A 10.0.0.1']);
    expect(await rcode('none.web.service.consul')).toBe(RCODES.nxDomain);
  });

  it('may be written as RFC 2782 does, for SRV without the label of their kind', async () => {
    for (const question of [
      '_web._tcp.service.consul SRV',
      '_web._tcp.consul SRV',
      '_web._tcp.service.dc1.dc.consul SRV',
    ])
      expect((await answers(question)).map((text) => text.split(' ').slice(1).join(' '))).toEqual([
        'SRV 1 1 80 a.node.dc1.consul.',
        'SRV 1 1 80 b.node.dc1.consul.',
      ]);
    expect(await answers('_web._v1.service.consul SRV')).toHaveLength(1);
    expect(await rcode('_web._tcp.consul A')).toBe(RCODES.nxDomain);
  });

  it('lead from SRV to addresses in the same answer, spelled out when they are not the node’s', async () => {
    await dns.register(web('d', '10.0.0.4', { Address: '10.9.9.9', Tags: ['far'] }));
    await dns.register(web('e', '10.0.0.5', { Address: 'fd00::1', Tags: ['six'] }));
    const far = await dns.ask('far.web.service.consul SRV');
    expect(far.answers.map(shown)).toEqual(['far.web.service.consul. SRV 1 1 80 0a090909.addr.dc1.consul.']);
    expect(far.additionals.map(shown)).toEqual(['0a090909.addr.dc1.consul. A 10.9.9.9']);
    const six = await dns.ask('six.web.service.consul SRV');
    expect(six.additionals.map(shown)).toEqual([`fd00${'0'.repeat(27)}1.addr.dc1.consul. AAAA fd00::1`]);
    expect(await answers('0a090909.addr.dc1.consul')).toEqual(['0a090909.addr.dc1.consul. A 10.9.9.9']);
  });

  it('of other datacenters and peers do not exist', async () => {
    for (const name of [
      'web.service.dc9.consul',
      'web.service.dc9.dc.consul',
      'web.service.other.peer.consul',
      'web.x.consul',
    ])
      expect(await rcode(name)).toBe(RCODES.nxDomain);
  });

  it('without what is asked for are answered with the start of authority, as are those that do not exist', async () => {
    for (const [question, code] of [
      ['web.service.consul AAAA', RCODES.noError],
      ['web.service.consul 65', RCODES.noError],
      ['ghost.service.consul A', RCODES.nxDomain],
      ['consul A', RCODES.noError],
    ] as const) {
      const answer = await dns.ask(question);
      expect([answer.rcode, answer.answers.length, answer.authoritative]).toEqual([code, 0, true]);
      expect(answer.authorities.map(shown)).toEqual(['consul. SOA ns.consul. hostmaster.consul.']);
    }
  });

  it('leave no cell behind when they mean nothing', async () => {
    const before = dns.store.sizes.cells;
    for (let count = 0; count < 50; count++) await dns.ask(`ghost-${count}.service.consul`);
    for (let count = 0; count < 50; count++) await dns.ask(`ghost-${count}.connect.consul`);
    for (let count = 0; count < 50; count++) await dns.ask(`ghost-${count}.query.consul`);
    expect(dns.store.sizes.cells).toBe(before);
  });

  it('follow a change at once', async () => {
    await dns.ask('web.service.consul');
    await dns.register(web('a', '10.0.0.1', {}, 'critical'));
    expect(await answers('web.service.consul')).toEqual(['web.service.consul. A 10.0.0.2']);
  });

  it('name a host elsewhere with one CNAME, and only when there is no address', async () => {
    await dns.register({ Node: 'h', Address: 'h.example.com', Service: { Service: 'far', ID: 'one', Port: 1 } });
    await dns.register({ Node: 'i', Address: 'i.example.com', Service: { Service: 'far', ID: 'two', Port: 1 } });
    const [one, ...more] = await answers('far.service.consul');
    expect(one).toMatch(/^far\.service\.consul\. CNAME [hi]\.example\.com\.$/);
    expect(more).toEqual([]);
    await dns.register({ Node: 'j', Address: '10.0.0.9', Service: { Service: 'far', ID: 'three', Port: 1 } });
    expect(await answers('far.service.consul')).toEqual(['far.service.consul. A 10.0.0.9']);
  });

  it('follow names of ours to their addresses, but not in circles', async () => {
    await dns.register({ Node: 'p', Address: 'q.node.consul' });
    await dns.register({ Node: 'q', Address: 'p.node.consul', Service: { Service: 'round', Port: 1 } });
    expect(await answers('round.service.consul')).toContain('round.service.consul. CNAME p.node.consul.');
    await dns.register({
      Node: 'r',
      Address: '10.0.0.7',
      Service: { Service: 'r', Port: 1, Address: 'a.node.consul' },
    });
    expect(await answers('r.service.consul')).toEqual([
      'a.node.consul. A 10.0.0.1',
      'r.service.consul. CNAME a.node.consul.',
    ]);
  });
});

describe('other names', () => {
  beforeEach(async () => {
    dns = await testDns({ altDomain: 'mesh.example' });
    await dns.register({ Node: 'Db.One', Address: '10.0.0.1', NodeMeta: { os: 'linux', 'rfc1035-x': 'plain' } });
  });

  it('of nodes may hold dots, and come with metadata', async () => {
    const answer = await dns.ask('db.one.node.consul');
    expect(answer.answers.map(shown)).toEqual(['db.one.node.consul. A 10.0.0.1']);
    expect(answer.additionals.map(shown)).toEqual([
      'db.one.node.consul. TXT "os=linux"',
      'db.one.node.consul. TXT "plain"',
    ]);
  });

  it('of the alternative domain are answered in it', async () => {
    await dns.register(web('a', '10.0.0.1'));
    expect(await answers('web.service.mesh.example SRV')).toEqual([
      'web.service.mesh.example. SRV 1 1 80 a.node.dc1.mesh.example.',
    ]);
    const missing = await dns.ask('ghost.service.mesh.example');
    expect(missing.authorities.map(shown)).toEqual(['mesh.example. SOA ns.mesh.example. hostmaster.mesh.example.']);
  });

  it('of addresses lead back to nodes and services, also after they have moved', async () => {
    await dns.register({ Node: 's', Address: '10.0.0.2', Service: { Service: 'rev', Address: 'fd00:0::7' } });
    const six = `7.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`;
    expect(await answers('1.0.0.10.in-addr.arpa PTR')).toEqual(['1.0.0.10.in-addr.arpa. PTR Db.One.node.dc1.consul.']);
    expect(await answers(`${six} PTR`)).toEqual([`${six}. PTR rev.service.dc1.consul.`]);
    await dns.register({ Node: 'Db.One', Address: '10.0.0.3' });
    expect(await rcode('1.0.0.10.in-addr.arpa PTR')).toBe(RCODES.nxDomain);
    expect(await answers('3.0.0.10.in-addr.arpa PTR')).toHaveLength(1);
    for (const bad of ['1.0.10.in-addr.arpa PTR', '256.0.0.10.in-addr.arpa PTR', 'x.ip6.arpa PTR'])
      expect(await rcode(bad)).toBe(RCODES.nxDomain);
  });

  it('of services in the mesh lead to sidecars, and to the virtual IP', async () => {
    await dns.register({
      Node: 'a',
      Address: '10.0.0.1',
      Service: {
        Kind: 'connect-proxy',
        Service: 'api-sidecar',
        Port: 21_000,
        Address: '10.0.0.8',
        Proxy: { DestinationServiceName: 'api' },
      },
    });
    expect(await answers('api.connect.consul SRV')).toEqual([
      'api.connect.consul. SRV 1 1 21000 0a000008.addr.dc1.consul.',
    ]);
    expect(await answers('api.virtual.consul')).toEqual(['api.virtual.consul. A 240.0.0.1']);
    expect((await dns.ask('api.virtual.consul AAAA')).rcode).toBe(RCODES.noError);
    expect(await rcode('api.ingress.consul')).toBe(RCODES.nxDomain);
    expect(await rcode('ghost.virtual.consul')).toBe(RCODES.nxDomain);
  });

  it('of services behind gateways lead to the ingress gateways that expose them, and to the terminating ones', async () => {
    const gateway = (Kind: string, Service: string, Address: string) => ({
      Node: Service,
      Address,
      Service: { Kind, Service, Port: 8443 },
    });
    await dns.register(gateway('ingress-gateway', 'edge', '10.0.0.7'));
    await dns.register(gateway('terminating-gateway', 'out', '10.0.0.9'));
    await put(dns.store, {
      Kind: 'ingress-gateway',
      Name: 'edge',
      Listeners: [{ Port: 80, Services: [{ Name: 'api' }] }],
    });
    await put(dns.store, { Kind: 'terminating-gateway', Name: 'out', Services: [{ Name: 'legacy' }] });
    expect(await answers('api.ingress.consul')).toEqual(['api.ingress.consul. A 10.0.0.7']);
    expect(await answers('api.ingress.consul SRV')).toEqual(['api.ingress.consul. SRV 1 1 8443 edge.node.dc1.consul.']);
    expect(await answers('legacy.connect.consul')).toEqual(['legacy.connect.consul. A 10.0.0.9']);
    expect(await rcode('web.ingress.consul')).toBe(RCODES.nxDomain);
    expect(await rcode('web.connect.consul')).toBe(RCODES.nxDomain);
  });

  it('of nodes that no record can hold are spelled as addresses in SRV', async () => {
    await dns.register(web('x'.repeat(70), '10.0.0.6'));
    await dns.register(web('a..b', '10.0.0.5'));
    expect(await answers('web.service.consul SRV')).toEqual([
      'web.service.consul. SRV 1 1 80 0a000005.addr.dc1.consul.',
      'web.service.consul. SRV 1 1 80 0a000006.addr.dc1.consul.',
    ]);
  });

  it('of others are refused without recursors', async () => {
    expect(await rcode('www.example.com')).toBe(RCODES.refused);
    expect(await rcode('notconsul')).toBe(RCODES.refused);
    expect(dns.counters.refused).toBe(2);
  });
});

describe('prepared queries', () => {
  beforeEach(async () => {
    dns = await testDns();
    for (const [node, address] of [
      ['a', '10.0.0.1'],
      ['n1', '10.0.0.2'],
      ['c', '10.0.0.3'],
    ] as const)
      await dns.register(web(node, address));
    await dns.createQuery({ Name: 'dotted.q', Service: { Service: 'web', Near: '_agent' }, DNS: { TTL: '9s' } });
  });

  it('are carried out by name, with their time to live, those near first', async () => {
    for (let times = 0; times < 5; times++) {
      const { answers: found } = await dns.ask('dotted.q.query.consul');
      expect(found).toHaveLength(3);
      expect(found[0]).toMatchObject({ ttlSeconds: 9, data: { address: '10.0.0.2' } });
    }
  });

  it('say that the answer is for the subnet of the client; other names say that it is for all', async () => {
    const subnet = { code: 8, bytes: Uint8Array.of(0, 1, 24, 0, 10, 1, 2) };
    const edns = { udpSize: 4096, version: 0, dnssecOk: false, options: [subnet] };
    const scope = async (name: string) => (await dns.ask(name, { edns })).edns?.options[0]?.bytes[3];
    expect(await scope('dotted.q.query.consul')).toBe(24);
    expect(await scope('web.service.consul')).toBe(0);
  });
});

describe('settings', () => {
  it('say how long answers may be kept: by name, by the longest prefix, for all others', async () => {
    dns = await testDns({ serviceTtlSeconds: { web: 30, 'db-*': 40, 'db-main*': 50, '*': 5 }, nodeTtlSeconds: 20 });
    for (const service of ['web', 'db-x', 'db-main-1', 'other'])
      await dns.register({ Node: 'a', Address: '10.0.0.1', Service: { Service: service, ID: service, Port: 1 } });
    const ttl = async (name: string) => (await dns.ask(name)).answers[0]?.ttlSeconds;
    expect(
      await Promise.all(['web', 'db-x', 'db-main-1', 'other'].map((name) => ttl(`${name}.service.consul`))),
    ).toEqual([30, 40, 50, 5]);
    expect(await ttl('a.node.consul')).toBe(20);
  });

  it('leave out instances with warnings, and metadata of nodes', async () => {
    dns = await testDns({ onlyPassing: true, nodeMetaTxt: false });
    await dns.register({ ...web('a', '10.0.0.1'), NodeMeta: { k: 'v' } });
    await dns.register(web('b', '10.0.0.2', {}, 'warning'));
    expect(await answers('web.service.consul')).toEqual(['web.service.consul. A 10.0.0.1']);
    expect((await dns.ask('a.node.consul')).additionals).toEqual([]);
    expect(await answers('a.node.consul TXT')).toEqual(['a.node.consul. TXT "k=v"']);
  });

  it('limit addresses', async () => {
    dns = await testDns({ aRecordLimit: 2 });
    for (let count = 1; count <= 9; count++) await dns.register(web(`n${count}`, `10.0.0.${count}`));
    expect(await answers('web.service.consul', { tcp: true })).toHaveLength(2);
  });

  it('wait for what is acknowledged when stale answers are not allowed', async () => {
    dns = await testDns({ allowStale: false });
    await dns.register(web('a', '10.0.0.1'));
    expect(await answers('web.service.consul')).toHaveLength(1);
  });
});

describe('long answers', () => {
  const edns = (udpSize: number) => ({ udpSize, version: 0, dnssecOk: false, options: [] });
  const many = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) await dns.register(web(`node-${at}`, `10.0.${at >> 8}.${at & 255}`));
  };

  it('are cut to three over plain UDP, and to what the client takes with EDNS', async () => {
    dns = await testDns();
    await many(100);
    expect((await dns.ask('web.service.consul')).answers).toHaveLength(3);
    const some = await dns.ask('web.service.consul', { edns: edns(1232) });
    expect(some.answers.length).toBeGreaterThan(60);
    expect(some.answers.length).toBeLessThan(100);
    expect([some.truncated, some.edns?.udpSize]).toEqual([false, 1232]);
    expect((await dns.ask('web.service.consul', { tcp: true })).answers).toHaveLength(100);
  });

  it('keep beside them what belongs to the answers that are left', async () => {
    dns = await testDns();
    await many(100);
    const cut = await dns.ask('web.service.consul SRV', { edns: edns(1232) });
    const targets = cut.answers.map(({ data }) => (data.type === 'SRV' ? data.target : ''));
    expect(cut.answers.length).toBeGreaterThan(10);
    expect(cut.additionals.map(({ name }) => name).sort()).toEqual([...targets].sort());
  });

  it('say that they were cut when the settings ask for it', async () => {
    dns = await testDns({ enableTruncate: true, udpAnswerLimit: 2 });
    await many(3);
    const answer = await dns.ask('web.service.consul');
    expect([answer.answers.length, answer.truncated]).toEqual([2, true]);
    expect(dns.counters.truncated).toBe(1);
  });

  it('come in an order that changes', async () => {
    dns = await testDns();
    await many(8);
    const orders = new Set<string>();
    for (let times = 0; times < 40; times++)
      orders.add((await dns.ask('web.service.consul', { tcp: true })).answers.map(shown).join());
    expect(orders.size).toBeGreaterThan(20);
  });
});

describe('queries that are none', () => {
  beforeEach(async () => {
    dns = await testDns();
  });

  it.each([
    ['a transfer', 'consul AXFR', {}, RCODES.notImp],
    ['another operation', 'consul A', { opcode: 5 }, RCODES.notImp],
    ['another class', 'consul A', { class: 3 }, RCODES.refused],
    [
      'a version of EDNS to come',
      'consul A',
      { edns: { udpSize: 1232, version: 1, dnssecOk: false, options: [] } },
      RCODES.badVersion,
    ],
  ])('%s is answered with a code', async (_what, question, options, code) => {
    expect((await dns.ask(question, options)).rcode).toBe(code);
  });

  it('packets that cannot be read, and answers, get no answer and are counted', async () => {
    const answer = query('consul A');
    answer[2] = 0x80;
    for (const packet of [Buffer.from('x'), Buffer.alloc(600, 0xff), answer])
      expect(await dns.send(packet)).toBeUndefined();
    expect(dns.counters.malformed).toBe(3);
  });
});
