import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect, createSecureContext, type SecureContextOptions } from 'node:tls';
import { Client, credentials as channelCredentials, Metadata, type MethodDefinition, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import {
  agentUri,
  type ClusterSecrets,
  createAgentKey,
  issueCredentials,
  proofOfKey,
} from '../../../src/cluster/credentials/index.js';
import { clusterService } from '../../../src/cluster/wire/cluster-api.js';
import { closeAll, factsOf, openServer, otherSecrets, secrets } from '../support/cluster-rig.js';

afterEach(closeAll);

type Method = 'Join' | 'Heartbeat' | 'Dns' | 'Introduce' | 'Ask' | 'Certify';
const METHODS = Object.keys(clusterService()) as Method[];

function issued(uri: string, given: ClusterSecrets = secrets, ttlMs = 3_600_000): SecureContextOptions {
  const { certPem: cert, keyPem: key } = issueCredentials(given.authority, { uri, names: [] }, Date.now(), ttlMs);
  return { cert, key };
}

function certificate(role: 'server' | 'client', given: ClusterSecrets = secrets, ttlMs?: number): SecureContextOptions {
  return issued(agentUri(given.clusterId, { role, datacenter: 'dc1', node: 'web' }), given, ttlMs);
}

async function calling<Result>(
  address: string,
  own: SecureContextOptions,
  run: (client: Client) => Promise<Result>,
): Promise<Result> {
  const context = createSecureContext({ ca: secrets.authority.certificatePem, ...own });
  const client = new Client(address, channelCredentials.createFromSecureContext(context), {
    'grpc.ssl_target_name_override': 'server.dc1.consul',
  });
  try {
    return await run(client);
  } finally {
    client.close();
  }
}

/** How a call ends: `STATUS sentence`, or OK. */
function call(client: Client, method: Method, message: object = {}): Promise<string> {
  const { path, requestSerialize, responseDeserialize, requestStream } = clusterService()[method] as MethodDefinition<
    object,
    object
  >;
  return new Promise((resolve) => {
    const end = (error: { readonly code: number; readonly details: string } | null): void =>
      resolve(error ? `${status[error.code]} ${error.details}` : 'OK');
    if (!requestStream) {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, new Metadata(), end);
      return;
    }
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata());
    stream.once('data', () => {
      resolve('OK');
      stream.cancel();
    });
    stream.on('error', end);
    stream.write(message);
  });
}

function http(address: string, own: SecureContextOptions): Promise<string> {
  const [host, port] = address.split(':');
  const tls = { ca: secrets.authority.certificatePem, servername: 'server.dc1.consul', ...own };
  return new Promise((resolve, reject) => {
    request({ host, port, path: '/v1/kv/x', agent: false, ...tls }, (answer: IncomingMessage) => {
      text(answer).then((body) => resolve(`${answer.statusCode ?? 0} ${body}`), reject);
    })
      .on('error', reject)
      .end();
  });
}

const joinRequest = (more: object = {}) => {
  const { privateKey, publicKeyInfo: publicKey } = createAgentKey();
  return {
    ...factsOf('web'),
    joinSecret: secrets.joinSecret,
    publicKey,
    proof: proofOfKey(privateKey, 'web'),
    ...more,
  };
};

describe('the cluster door refuses', () => {
  const others = METHODS.filter((method) => method !== 'Join');

  it.each([
    ['no certificate', {}, /^UNAUTHENTICATED no client certificate of this cluster was shown: join first/],
    [
      'one of another cluster',
      certificate('server', otherSecrets),
      /^UNAUTHENTICATED the client certificate is not accepted \(.+\): join again/,
    ],
    [
      'one that has expired',
      certificate('server', secrets, -1000),
      /^UNAUTHENTICATED the client certificate is not accepted \(CERT_HAS_EXPIRED\)/,
    ],
    ['one of no agent', issued('x:y'), /^UNAUTHENTICATED the client certificate is not of an agent of this cluster/],
  ])('every call but Join for whoever shows %s', async (_name, own, sentence) => {
    const { address, registry } = await openServer('s1');
    await calling(address, own, async (client) => {
      for (const method of others) expect(await call(client, method)).toMatch(sentence);
    });
    expect(await http(address, own)).toMatch(/^401 /);
    expect(registry.seen).toEqual([]);
  });

  it('calls between servers for a client agent, and heartbeats of servers', async () => {
    const { address } = await openServer('s1');
    await calling(address, certificate('client'), async (client) => {
      for (const method of ['Introduce', 'Ask'] as const)
        expect(await call(client, method)).toBe(`PERMISSION_DENIED ${method} is for servers only`);
    });
    await calling(address, certificate('server'), async (client) => {
      for (const method of ['Heartbeat', 'Certify'] as const)
        expect(await call(client, method)).toBe(`PERMISSION_DENIED ${method} is for client agents only`);
    });
  });

  it('a heartbeat for another node than that of the certificate', async () => {
    const { address, registry } = await openServer('s1');
    await calling(address, certificate('client'), async (client) => {
      expect(await call(client, 'Heartbeat', { facts: factsOf('db') })).toBe(
        'PERMISSION_DENIED the certificate is of node "web", the agent may not speak for another',
      );
      const elsewhere = { ...factsOf('web'), datacenter: 'dc2' };
      expect(await call(client, 'Heartbeat', { facts: elsewhere })).toMatch(/^INVALID_ARGUMENT this server is of/);
      expect(await call(client, 'Heartbeat', { beat: {} })).toMatch(/^INVALID_ARGUMENT the first message/);
      expect(registry.seen).toEqual([]);
      expect(await call(client, 'Heartbeat', { facts: factsOf('web') })).toBe('OK');
    });
    expect(registry.seen[0]).toBe('alive web');
  });

  it.each([
    ['a wrong secret', { joinSecret: Buffer.alloc(32) }, /^PERMISSION_DENIED the join token is not of this cluster/],
    ['no secret', { joinSecret: Buffer.alloc(0) }, /^PERMISSION_DENIED the join token is not of this cluster/],
    [
      'another datacenter',
      { datacenter: 'dc2' },
      /^INVALID_ARGUMENT agent of datacenter "dc2" cannot join here: this server is of datacenter "dc1"$/,
    ],
    [
      'a protocol that is too new',
      { wire: 9, oldestWire: 8 },
      /^UNIMPLEMENTED agent "web" speaks versions 8 to 9 of the cluster's protocol, this server 1 at most: upgrade/,
    ],
    ['no name', { nodeName: '' }, /^INVALID_ARGUMENT a node name has 1 to 128 characters/],
    ['a name with a line break', { nodeName: 'a\nb' }, /^INVALID_ARGUMENT a node name has/],
    ['an id that is none', { nodeId: 'x' }, /^INVALID_ARGUMENT the node id is not a UUID/],
    ['a key that it does not hold', { publicKey: createAgentKey().publicKeyInfo }, /^INVALID_ARGUMENT the public key/],
    ['garbage as a key', { publicKey: Buffer.alloc(100, 0x30) }, /^INVALID_ARGUMENT the public key is not/],
  ])('Join with %s', async (_name, wrong, sentence) => {
    const { address } = await openServer('s1');
    await calling(address, {}, async (client) => {
      expect(await call(client, 'Join', joinRequest(wrong))).toMatch(sentence);
      expect(await call(client, 'Join', joinRequest())).toBe('OK');
    });
  });

  it('to listen to whoever guesses secrets', async () => {
    const { address } = await openServer('s1');
    await calling(address, {}, async (client) => {
      for (let tries = 0; tries < 10; tries++)
        expect(await call(client, 'Join', joinRequest({ joinSecret: Buffer.alloc(32) }))).toMatch(/^PERMISSION_DENIED/);
      expect(await call(client, 'Join', joinRequest())).toMatch(
        /^RESOURCE_EXHAUSTED too many wrong join tokens from this address/,
      );
    });
  });

  it('no agent for the number of its connections', async () => {
    const { address } = await openServer('s1', { maxConnections: 3 });
    await calling(address, certificate('client'), async (client) => {
      expect(await call(client, 'Dns')).toBe('OK');
      for (let requests = 0; requests < 10; requests++)
        expect(await http(address, certificate('client'))).toBe('200 s1 /v1/kv/x');
    });
  });

  it('whoever comes from a network that may not join', async () => {
    const elsewhere = await openServer('s1', { networks: ['10.0.0.0/8'] });
    const sentence =
      'PERMISSION_DENIED agents and servers at 127.0.0.1 may not join here: it is in none of the networks of serf_lan_allowed_cidrs of this server';
    await calling(elsewhere.address, {}, async (client) => {
      expect(await call(client, 'Join', joinRequest())).toBe(sentence);
    });
    await calling(elsewhere.address, certificate('client'), async (client) => {
      for (const method of others) expect(await call(client, method)).toBe(sentence);
    });
    expect(await http(elsewhere.address, certificate('client'))).toMatch(/^403 agents and servers at 127\.0\.0\.1/);
    expect(elsewhere.registry.seen).toEqual([]);
    const here = await openServer('s2', { networks: ['10.0.0.0/8', '127.0.0.0/8'] });
    await calling(here.address, certificate('client'), async (client) => {
      expect(await call(client, 'Dns')).toBe('OK');
    });
  });

  it('more connections from one address than it may have', async () => {
    const { address } = await openServer('s1', { maxConnections: 5 });
    const [host = '', port] = address.split(':');
    const sockets = Array.from({ length: 20 }, () => connect({ host, port: Number(port), rejectUnauthorized: false }));
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets) socket.on('error', () => undefined);
    await Promise.all(closed.slice(5));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
    await expect
      .poll(() => calling(address, certificate('client'), (client) => call(client, 'Dns')), { timeout: 5000 })
      .toBe('OK');
  });
});

describe('servers', () => {
  it('know each other, and those that the others know', async () => {
    const [a, b, c] = [await openServer('s1'), await openServer('s2'), await openServer('s3')];
    expect(await b.server.peers.join([a.address])).toBe(1);
    expect(await c.server.peers.join([a.address, b.address])).toBe(2);
    const names = ({ server }: typeof a) => server.peers.all().map(({ name }) => name);
    expect(names(c)).toEqual(['s3', 's1', 's2']);
    expect(names(a)).toEqual(['s1', 's2', 's3']);
  });

  it('answer each other’s questions', async () => {
    const [a, b] = [await openServer('s1'), await openServer('s2')];
    await a.server.peers.join([b.address]);
    b.server.peers.answer('shout', (body, { node }) =>
      Promise.resolve(Buffer.from(`${node}: ${body.toString().toUpperCase()}`)),
    );
    const [, peer] = a.server.peers.all();
    if (peer === undefined) throw new Error('no peer');
    expect((await a.server.peers.ask(peer, 'shout', Buffer.from('hey'))).toString()).toBe('s1: HEY');
    await expect(a.server.peers.ask(peer, 'sing', Buffer.alloc(0))).rejects.toThrow(
      'this server has no answer to "sing"',
    );
  });

  it.each([
    ['of another cluster', { given: otherSecrets }, /is of another cluster: its certificate is not of the cluster key/],
    [
      'of another datacenter',
      { datacenter: 'dc2' },
      /not a server of this datacenter: it is server.dc1.consul, not server.dc2/,
    ],
    [
      'with the same node id',
      { id: 'id-s1', name: 's2' },
      /servers "s1" \(.+\) and "s2" \(.+\) have the same node id id-s1: give one another/,
    ],
    [
      'with the same name',
      { id: 'another' },
      /there are two servers with the name "s1" \(node ids id-s1 and another\): give one another name with -node/,
    ],
  ])('refuse one %s', async (_name, wrong, sentence) => {
    const { name = 's1', ...given } = { name: undefined, ...wrong };
    const [a, b] = [await openServer('s1'), await openServer(name, { id: 'id-s2', ...given })];
    await expect(b.server.peers.join([a.address])).rejects.toThrow(sentence);
    expect(a.server.peers.all()).toHaveLength(1);
  });
});
