import { describe, expect, it } from 'vitest';
import { createRelayDns } from '../../../src/client-agent/dns/relay-dns.js';
import { AppError, systemClock } from '../../../src/core/index.js';
import { createRelayDnsServer, createSettingsReader, encodeDnsSettings } from '../../../src/edges/dns/index.js';
import { decodeMessage, RCODES } from '../../../src/edges/dns/message/index.js';
import { ManualClock } from '../../agent/support/manual-clock.js';
import { dnsConfig, query, quietLogger, testDns } from '../../edges/dns/support/test-dns.js';

/** A client agent's DNS whose server is in this process. */
async function rig(settings: Parameters<typeof dnsConfig>[0] = {}) {
  const server = await testDns({ nodeTtlSeconds: 99 });
  await server.register({ Node: 'n1', Address: '10.0.0.1', Service: { Service: 'web', Port: 80 } });
  const clock = new ManualClock();
  let isAway = false;
  let asked = 0;
  const link = {
    async dns(message: Uint8Array, { settings: sent }: { readonly settings: string }) {
      if (isAway) throw new AppError('unavailable', 'No known Consul servers');
      asked += 1;
      return (await server.send(Buffer.from(message), sent)) ?? Buffer.alloc(0);
    },
  };
  const config = { ...dnsConfig(settings), nodeName: 'c1', datacenter: 'dc1' };
  const deps = { settings: () => config, clock: systemClock, random: () => 0, logger: quietLogger };
  const relaySettings = { ...config, sent: encodeDnsSettings(config) };
  const dns = createRelayDnsServer(deps, createRelayDns({ link, clock, settings: () => relaySettings }));
  const ask = async (question: string, id = 4711, cookie?: number) => {
    const options = cookie === undefined ? [] : [{ code: 10, bytes: Buffer.alloc(8, cookie) }];
    const packet = query(
      question,
      cookie === undefined ? {} : { edns: { udpSize: 1232, version: 0, dnssecOk: false, options } },
    );
    packet.writeUInt16BE(id, 0);
    const answer = await dns.respond(packet, 'udp', '127.0.0.1');
    const decoded = answer && decodeMessage(answer);
    if (!decoded?.ok) throw new Error('no answer');
    const { message } = decoded;
    return {
      id: message.id,
      rcode: message.rcode,
      ttls: message.answers.map(({ ttlSeconds }) => ttlSeconds),
      addresses: message.answers.map(({ data }) => ('address' in data ? data.address : data.type)),
    };
  };
  return {
    ask,
    clock,
    server,
    asked: () => asked,
    away(now: boolean) {
      isAway = now;
    },
  };
}

describe('the DNS of a client agent', () => {
  it('gives the answers of the servers to names of the domain and to addresses', async () => {
    const { ask } = await rig();
    expect(await ask('web.service.consul A')).toMatchObject({
      id: 4711,
      rcode: RCODES.noError,
      addresses: ['10.0.0.1'],
    });
    expect((await ask('none.service.consul A')).rcode).toBe(RCODES.nxDomain);
    expect(await ask('1.0.0.10.in-addr.arpa PTR')).toMatchObject({ rcode: RCODES.noError, addresses: ['PTR'] });
  });

  it('does not ask the servers for names of others', async () => {
    const { ask, asked } = await rig();
    expect((await ask('example.com A')).rcode).toBe(RCODES.refused);
    expect(asked()).toBe(0);
  });

  it('gives the last answer while no server is there, to whoever asks the same', async () => {
    const { ask, away } = await rig();
    await ask('web.service.consul A');
    away(true);
    expect(await ask('WEB.service.consul A', 815)).toMatchObject({
      id: 815,
      rcode: RCODES.noError,
      addresses: ['10.0.0.1'],
    });
    expect((await ask('web.service.consul SRV')).rcode).toBe(RCODES.servFail);
    expect((await ask('other.service.consul A')).rcode).toBe(RCODES.servFail);
  });

  it('takes queries for the same that differ in their cookies only', async () => {
    const { ask, away } = await rig();
    await ask('web.service.consul A', 1, 7);
    away(true);
    expect((await ask('web.service.consul A', 2, 8)).addresses).toEqual(['10.0.0.1']);
  });

  it('gives no older answer than it may', async () => {
    const { ask, away, clock } = await rig({ maxStaleMs: 60_000 });
    await ask('web.service.consul A');
    away(true);
    await clock.advance(60_000);
    expect((await ask('web.service.consul A')).rcode).toBe(RCODES.noError);
    await clock.advance(1_000);
    expect((await ask('web.service.consul A')).rcode).toBe(RCODES.servFail);
  });

  it('has answers as its own options say, not as those of the servers do', async () => {
    const { ask, server } = await rig({ nodeTtlSeconds: 7, serviceTtlSeconds: { web: 30 }, onlyPassing: true });
    expect((await ask('n1.node.consul A')).ttls).toContain(7);
    expect((await ask('web.service.consul A')).ttls).toEqual([30]);
    await server.register({ Node: 'n1', Check: { CheckID: 'c', Name: 'c', Status: 'warning' }, SkipNodeUpdate: true });
    expect((await ask('web.service.consul A')).addresses).toEqual([]);
    const elsewhere = await rig({ domain: 'mesh.example', aRecordLimit: 1 });
    expect((await elsewhere.ask('web.service.mesh.example A')).addresses).toEqual(['10.0.0.1']);
  });

  it('with use_cache gives the answer of a moment ago at once, and asks again behind it', async () => {
    const { ask, asked, clock, server } = await rig({ useCache: true, cacheMaxAgeMs: 5_000 });
    await ask('web.service.consul A');
    await ask('web.service.consul A');
    expect(asked()).toBe(1);
    await server.register({ Node: 'n1', Address: '10.0.0.2' });
    await clock.advance(2_000);
    expect((await ask('web.service.consul A')).addresses).toEqual(['10.0.0.1']);
    await expect.poll(asked).toBe(2);
    expect((await ask('web.service.consul A')).addresses).toEqual(['10.0.0.2']);
    await server.register({ Node: 'n1', Address: '10.0.0.3' });
    await clock.advance(5_001);
    expect((await ask('web.service.consul A')).addresses).toEqual(['10.0.0.3']);
    expect(asked()).toBe(3);
  });
});

describe('settings that an agent sends', () => {
  const own = { ...dnsConfig({ nodeTtlSeconds: 99 }), nodeName: 's1', datacenter: 'dc1' };
  const theirs = { ...dnsConfig({ nodeTtlSeconds: 7, allowStale: false }), nodeName: 'c1', datacenter: 'dc1' };

  it('arrive as they were, but for recursors and the datacenter', () => {
    const read = createSettingsReader()(encodeDnsSettings({ ...theirs, recursors: [] }), own);
    expect(read).toEqual({ ...theirs, recursors: own.recursors });
  });

  it.each(['', '{', '[]', '{"NodeTtlSeconds":-1,"Domain":"consul"}', '{"Domain":["x"]}', '{"New":1}', '{"Domain":""}'])(
    'count as not said when they cannot be read: %s',
    (sent) => expect(createSettingsReader()(sent, own)).toEqual(own),
  );
});
