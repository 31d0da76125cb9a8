import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ServerPeer } from '../../../src/cluster/index.js';
import { NotSent } from '../../../src/cluster/link/http-relay.js';
import { ServerCalls } from '../../../src/cluster/link/server-calls.js';
import { ServerChoice } from '../../../src/cluster/link/server-choice.js';
import type { ServerConnections } from '../../../src/cluster/link/server-connections.js';
import { AppError } from '../../../src/core/index.js';
import { peerOf } from '../support/server-peer.js';

const SERVERS = ['a', 'b', 'c', 'd'].map((name) => peerOf(name));
const notSent = ({ address }: ServerPeer) => new NotSent(address, new Error('refused'));
const brokenOff = () => new AppError('unavailable', 'broke off');

/** Calls to servers of which each fails with what `failure` gives, if anything. */
function callsTo(failure: (server: ServerPeer) => AppError | undefined, servers = SERVERS, isClosed = false) {
  const choice = new ServerChoice(() => 0.5);
  choice.learn(servers);
  const asked: string[] = [];
  const http = (server: ServerPeer) => ({
    async send() {
      asked.push(server.name);
      const error = failure(server);
      if (error) throw error;
      return { status: 200, rawHeaders: [], body: Readable.from([]), server };
    },
  });
  const connections = { http } as unknown as ServerConnections;
  const calls = new ServerCalls({
    nodeName: 'web',
    choice,
    first: () => 'id-b',
    connections: () => (isClosed ? undefined : connections),
    lastProblem: () => 's1 is silent',
  });
  const ask = (method: string) => calls.request({ method, path: '/x', headers: {} });
  return { ask, asked };
}

describe('a request of an agent', () => {
  it('goes to the server that holds the heartbeat', async () => {
    const { ask, asked } = callsTo(() => undefined);
    expect((await ask('PUT')).server.name).toBe('b');
    expect(asked).toEqual(['b']);
  });

  it('of which nothing was sent goes to the next server, to three at most', async () => {
    const { ask, asked } = callsTo(notSent);
    await expect(ask('PUT')).rejects.toThrow('is not reached');
    expect(asked).toHaveLength(3);
    expect(new Set(asked).size).toBe(3);
  });

  it('that a server may have carried out is made again only where it reads', async () => {
    const { ask, asked } = callsTo(({ name }) => (name === 'b' ? brokenOff() : undefined));
    await expect(ask('PUT')).rejects.toThrow('broke off');
    expect(asked.splice(0)).toEqual(['b']);
    await ask('GET');
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['that no server is known', [], false],
    ['when the link is closed', SERVERS, true],
  ])('says %s, and why', async (_, servers, isClosed) => {
    const { ask } = callsTo(() => undefined, servers, isClosed);
    await expect(ask('GET')).rejects.toThrow('No known Consul servers: s1 is silent');
  });
});
