import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { DnsConfig } from '../../../src/agent/config/index.js';
import { systemClock } from '../../../src/core/index.js';
import { registerInCatalog, registrationField, toRegistration } from '../../../src/discovery/catalog/index.js';
import { newCounters } from '../../../src/edges/dns/dns-deps.js';
import { openTcpDoor, TCP_LIMITS, type TcpLimits } from '../../../src/edges/dns/doors/tcp-door.js';
import { type DnsServer, createDnsServer } from '../../../src/edges/dns/index.js';
import { decodeMessage, encodeMessage } from '../../../src/edges/dns/message/index.js';
import { framed } from '../../../src/edges/dns/recursion/recursor.js';
import type { Respond } from '../../../src/edges/dns/responder.js';
import { decode } from '../../../src/model/wire/index.js';
import { createMemoryBackend, createStateStore } from '../../../src/state/index.js';
import { freePort } from '../../support/free-ports.mjs';
import { dnsConfig, query, quietLogger } from './support/test-dns.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A DNS server with a few records on a port that is free. */
async function running(changes: Partial<DnsConfig> = {}): Promise<{ server: DnsServer; port: number }> {
  const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock, random: () => 0 });
  await store.ready;
  for (let at = 1; at <= 40; at++) {
    const Service = { Service: 'web', ID: `web-${at}`, Port: 8000 + at, Tags: at === 1 ? ['first'] : [] };
    const body = { Node: `n${at}`, Address: `10.0.0.${at}`, NodeMeta: at === 1 ? { os: 'linux' } : {}, Service };
    const draft = decode(registrationField, body, { what: 'registration' });
    await registerInCatalog(store, toRegistration(draft, 'dc1'));
  }
  const alias = { Node: 'far', Address: 'www.example.com', Service: { Service: 'far', Port: 1 } };
  await registerInCatalog(store, toRegistration(decode(registrationField, alias, { what: 'registration' }), 'dc1'));
  const settings = { ...dnsConfig(changes), nodeName: 'n1', datacenter: 'dc1' };
  const server = createDnsServer({
    store,
    settings: () => settings,
    clock: systemClock,
    random: Math.random,
    logger: quietLogger,
  });
  closers.push(
    () => store.close(),
    () => server.close(),
  );
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return { server, port };
}

function resolverFor(port: number): Resolver {
  const resolver = new Resolver({ timeout: 3000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return resolver;
}

/** A DNS server elsewhere: answers every question about an address with 192.0.2.1, or says nothing. */
async function elsewhere(speaks: boolean): Promise<{ place: { host: string; port: number }; asked: () => number }> {
  let asked = 0;
  const answer = (packet: Buffer): Buffer | undefined => {
    asked += 1;
    const decoded = decodeMessage(packet);
    if (!speaks || !decoded.ok) return undefined;
    const { message } = decoded;
    const name = message.questions[0]?.name ?? '.';
    return encodeMessage(
      {
        ...message,
        isResponse: true,
        recursionAvailable: true,
        answers: [{ name, ttlSeconds: 60, data: { type: 'A', address: '192.0.2.1' } }],
      },
      { limitBytes: 65_535, compress: true },
    );
  };
  const udp: UdpSocket = createSocket('udp4');
  udp.on('message', (packet, from) => {
    const bytes = answer(packet);
    // A stranger's guess comes first and must be passed over.
    if (bytes)
      udp.send(
        Buffer.concat([Buffer.from([bytes[0] as number, (bytes[1] as number) ^ 1]), bytes.subarray(2)]),
        from.port,
      );
    if (bytes) udp.send(bytes, from.port, from.address);
  });
  // Over UDP and TCP: what the system chooses for the one may be taken for the other.
  const port = await freePort();
  await new Promise<void>((bound) => udp.bind(port, '127.0.0.1', bound));
  const tcp: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const bytes = answer(chunk.subarray(2));
      if (bytes) socket.write(framed(bytes));
    });
  });
  await new Promise<void>((bound) => tcp.listen(port, '127.0.0.1', bound));
  closers.push(
    () => new Promise<void>((done) => udp.close(done)),
    () => void tcp.close(),
  );
  return { place: { host: '127.0.0.1', port }, asked: () => asked };
}

/** Bytes over one TCP connection; resolves with what came back when it ended or `enough` bytes are there. */
function overTcp(port: number, bytes: Buffer, enough = Number.POSITIVE_INFINITY): Promise<Buffer> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const finish = (): void => {
      socket.destroy();
      resolve(received);
    };
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= enough) finish();
    });
    socket.on('close', finish);
    socket.on('error', finish);
  });
}

describe('a resolver that is not ours', () => {
  it('reads addresses, SRV, TXT, PTR, NS and SOA', async () => {
    const { port } = await running();
    const resolver = resolverFor(port);
    expect((await resolver.resolve4('web.service.consul')).length).toBeGreaterThan(2);
    expect(await resolver.resolve4('first.web.service.consul')).toEqual(['10.0.0.1']);
    expect(await resolver.resolveSrv('_web._first.service.consul')).toEqual([
      { name: 'n1.node.dc1.consul', port: 8001, priority: 1, weight: 1 },
    ]);
    expect(await resolver.resolveTxt('n1.node.consul')).toEqual([['os=linux']]);
    expect(await resolver.reverse('10.0.0.7')).toEqual(['n7.node.dc1.consul']);
    expect((await resolver.resolveSoa('consul')).nsname).toBe('ns.consul');
    await expect(resolver.resolve4('ghost.service.consul')).rejects.toThrow(/ENOTFOUND/);
    await expect(resolver.resolve6('web.service.consul')).rejects.toThrow(/ENODATA/);
    await expect(resolver.resolve4('www.example.com')).rejects.toThrow(/EREFUSED/);
  });

  it('asks again over TCP when it is told that the answer was cut', async () => {
    const { port, server } = await running({ enableTruncate: true });
    const packet = query('web.service.consul');
    const cut = await new Promise<Buffer>((resolve) => {
      const socket = createSocket('udp4');
      socket.on('message', (bytes) => {
        socket.close();
        resolve(bytes);
      });
      socket.send(packet, port, '127.0.0.1');
    });
    const decoded = decodeMessage(cut);
    expect(decoded.ok && [decoded.message.truncated, decoded.message.answers.length]).toEqual([true, 3]);
    const whole = await overTcp(port, framed(packet), 600);
    const read = decodeMessage(whole.subarray(2));
    expect(read.ok && read.message.answers.length).toBe(40);
    expect(server.counters.tcpQueries).toBe(1);
  });
});

describe('recursors', () => {
  it('answer for names of others; one that is silent is followed by the next', async () => {
    const [silent, speaking] = [await elsewhere(false), await elsewhere(true)];
    const { port, server } = await running({ recursors: [silent.place, speaking.place], recursorTimeoutMs: 100 });
    expect(await resolverFor(port).resolve4('www.example.com')).toEqual(['192.0.2.1']);
    expect([silent.asked(), speaking.asked() > 0]).toEqual([1, true]);
    expect(server.counters.recursionFailures).toBe(1);
  });

  it('are asked over TCP by those who ask over TCP', async () => {
    const { place } = await elsewhere(true);
    const { port } = await running({ recursors: [place] });
    const read = decodeMessage((await overTcp(port, framed(query('www.example.com')), 40)).subarray(2));
    expect(read.ok && read.message.answers).toMatchObject([{ data: { address: '192.0.2.1' } }]);
  });

  it('give the address behind an alias, and are not asked about names of ours', async () => {
    const { place, asked } = await elsewhere(true);
    const { port } = await running({ recursors: [place] });
    expect(await resolverFor(port).resolve4('far.service.consul')).toEqual(['192.0.2.1']);
    const before = asked();
    await expect(resolverFor(port).resolve4('ghost.service.consul')).rejects.toThrow(/ENOTFOUND/);
    expect(asked()).toBe(before);
  });

  it('that all fail make the answer a failure of the server', async () => {
    const { place } = await elsewhere(false);
    const { port, server } = await running({ recursors: [place], recursorTimeoutMs: 50 });
    await expect(resolverFor(port).resolve4('www.example.com')).rejects.toThrow(/ESERVFAIL/);
    expect(server.counters.servFail).toBeGreaterThan(0);
  });
});

describe('a connection', () => {
  it('may carry several queries, also in pieces', async () => {
    const { port } = await running();
    const one = framed(query('n1.node.consul TXT'));
    const socket = connect(port, '127.0.0.1');
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    const both = Buffer.concat([one, one]);
    for (const byte of both) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => Buffer.concat(received).length).toBeGreaterThan(80);
    const all = Buffer.concat(received);
    const length = all.readUInt16BE(0);
    expect(all.length).toBe(2 * (length + 2));
    socket.destroy();
  });

  it('that brings what cannot be read is closed, and the port stays open', async () => {
    const { port, server } = await running();
    for (const bytes of [Buffer.from([0, 0]), Buffer.alloc(40, 0xff), framed(Buffer.alloc(12, 0xff))])
      expect((await overTcp(port, bytes)).length).toBe(0);
    expect(server.counters.malformed).toBe(3);
    expect(await resolverFor(port).resolve4('n1.node.consul')).toEqual(['10.0.0.1']);
  });

  const limited = async (limits: Partial<TcpLimits>, respond: Respond = (packet) => packet) => {
    const counters = newCounters();
    const door = await openTcpDoor(respond, '127.0.0.1', 0, {
      clock: systemClock,
      counters,
      limits: { ...TCP_LIMITS, ...limits },
    });
    closers.push(() => door.close());
    return { port: door.port, counters };
  };

  it('that says nothing, or half a query, is closed in time', async () => {
    const { port, counters } = await limited({ idleMs: 50, stalledMs: 50 });
    expect((await overTcp(port, Buffer.alloc(0))).length).toBe(0);
    expect((await overTcp(port, Buffer.from([0, 40, 1, 2, 3]))).length).toBe(0);
    expect(counters.tcpDropped).toBeGreaterThanOrEqual(2);
  });

  it('over the limit is closed at once', async () => {
    const { port, counters } = await limited({ mostConnections: 1 });
    const first = connect(port, '127.0.0.1');
    await expect.poll(() => counters.tcpConnections).toBe(1);
    expect((await overTcp(port, Buffer.alloc(0))).length).toBe(0);
    first.destroy();
  });
});

describe('a port', () => {
  it('that is taken is one sentence with the address, over UDP and over TCP', async () => {
    const { port, server } = await running();
    await expect(server.listen({ host: '127.0.0.1', port })).rejects.toThrow(
      `another process listens on 127.0.0.1:${port} over UDP, wanted for DNS`,
    );
    const tcp = createServer();
    await new Promise<void>((bound) => tcp.listen(0, '127.0.0.1', bound));
    closers.push(() => void tcp.close());
    const taken = (tcp.address() as { readonly port: number }).port;
    await expect(server.listen({ host: '127.0.0.1', port: taken })).rejects.toThrow(/over TCP, wanted for DNS/);
  });

  it('answers garbage with silence, and queries behind it', async () => {
    const { port, server } = await running();
    const socket = createSocket('udp4');
    for (let count = 0; count < 200; count++) socket.send(Buffer.alloc(count, count), port, '127.0.0.1');
    await expect.poll(() => server.counters.malformed).toBeGreaterThan(100);
    socket.close();
    expect(await resolverFor(port).resolve4('n1.node.consul')).toEqual(['10.0.0.1']);
    expect(server.counters.servFail).toBe(0);
  });
});
