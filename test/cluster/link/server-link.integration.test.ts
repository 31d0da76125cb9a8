import { text } from 'node:stream/consumers';
import { filter, firstValueFrom } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CredentialsKeeper, LinkState, ServerLink } from '../../../src/cluster/index.js';
import { agentUri, issueCredentials, joinTokenOf } from '../../../src/cluster/credentials/index.js';
import { AppError, systemClock } from '../../../src/core/index.js';
import { ManualClock } from '../../agent/support/manual-clock.js';
import {
  closeAll,
  factsOf,
  filesOf,
  openLink,
  openServer,
  otherSecrets,
  ReplacedState,
  secrets,
  trustInFiles,
} from '../support/cluster-rig.js';

afterEach(closeAll);

const joined = (link: ServerLink) => firstValueFrom(link.state$.pipe(filter(isJoined)));
const isJoined = (state: LinkState): state is Extract<LinkState, { kind: 'joined' }> => state.kind === 'joined';
const problemOf = async (link: ServerLink): Promise<string> => {
  const isProblem = (state: LinkState) => state.kind === 'searching' && state.problem !== undefined;
  const state = await firstValueFrom(link.state$.pipe(filter(isProblem)));
  return state.kind === 'searching' ? (state.problem?.message ?? '') : '';
};

describe('a client agent with a join token', () => {
  it('joins, is seen to live, and leaves', async () => {
    const { registry, address } = await openServer('s1');
    const link = openLink('web', [address]);
    expect((await joined(link)).server).toMatchObject({ name: 's1', address });
    expect(link.identity).toMatchObject({ clusterId: secrets.clusterId, node: 'web' });
    expect(registry.seen).toEqual(['alive web']);
    await link.leave(5000);
    expect(registry.seen).toEqual(['alive web', 'left web']);
  });

  it('that ends without leaving is gone', async () => {
    const { registry, address } = await openServer('s1');
    const link = openLink('web', [address]);
    await joined(link);
    link.close();
    await vi.waitFor(() => expect(registry.seen).toEqual(['alive web', 'gone web']), 15_000);
  });

  it('does not wait for its leave any more when it is closed', async () => {
    const { address } = await openServer('s1');
    const link = openLink('web', [address]);
    await joined(link);
    const leaving = link.leave(60_000);
    link.close();
    await expect(leaving).resolves.toBeUndefined();
  });

  it('reaches the HTTP API and DNS as itself', async () => {
    const { address } = await openServer('s1');
    const link = openLink('web', [address]);
    await joined(link);
    const read = await link.request({ method: 'GET', path: '/v1/kv/a?raw', headers: {} });
    expect([read.status, await text(read.body)]).toEqual([200, 's1 /v1/kv/a?raw']);
    expect(read.rawHeaders).toContain('client web');
    const written = await link.request({ method: 'PUT', path: '/v1/kv/a', headers: {}, body: Buffer.from('hello') });
    expect(await text(written.body)).toBe('hello');
    const answer = await link.dns(Buffer.from('?'), { tcp: false, clientAddress: '10.0.0.9', settings: '' });
    expect(answer.toString()).toBe('s1?');
  });

  it('measures how far its servers are, where they say where they are', async () => {
    const place = { vec: [1, 2, 3, 4, 5, 6, 7, 0.5], error: 0.25, adjustment: 0, height: 0.001 };
    const [a, b] = [await openServer('s1', { place }), await openServer('s2')];
    await a.server.peers.join([b.address]);
    const link = openLink('web', [a.address]);
    const { server } = await joined(link);
    const { coordinate, rttMs } = await link.measure(server);
    expect(coordinate).toEqual(place);
    expect(rttMs).toBeGreaterThan(0);
    const other = b.server.peers.self();
    await expect(link.measure(other)).rejects.toMatchObject({ code: 'unsupported' });
    await expect(a.server.peers.measure(other)).rejects.toMatchObject({ code: 'unsupported' });
    expect((await b.server.peers.measure(a.server.peers.self())).coordinate).toEqual(place);
  });

  it('turns to another server when its own goes, and while it drains', async () => {
    const [a, b] = [await openServer('s1'), await openServer('s2')];
    await a.server.peers.join([b.address]);
    const link = openLink('web', [a.address]);
    expect((await joined(link)).server.name).toBe('s1');
    await firstValueFrom(link.servers$.pipe(filter((servers) => servers.length === 2)));
    a.server.setDraining(true);
    await firstValueFrom(link.state$.pipe(filter((state) => isJoined(state) && state.server.name === 's2')));
    a.server.setDraining(false);
    await b.close();
    await firstValueFrom(link.state$.pipe(filter((state) => isJoined(state) && state.server.name === 's1')));
    const read = await link.request({ method: 'GET', path: '/x', headers: {} });
    expect(await text(read.body)).toBe('s1 /x');
  }, 15_000);

  it('hears that the state of its servers was replaced, once, and not because it is with another server now', async () => {
    const [first, second] = [new ReplacedState('/1'), new ReplacedState('/1')];
    const [a, b] = [await openServer('s1', { store: first }), await openServer('s2', { store: second })];
    await a.server.peers.join([b.address]);
    const link = openLink('web', [a.address]);
    let heard = 0;
    link.replaced$.subscribe(() => (heard += 1));
    await joined(link);
    await firstValueFrom(link.servers$.pipe(filter((servers) => servers.length === 2)));
    first.replaceBy('/2');
    await vi.waitFor(() => expect(heard).toBe(1), 15_000);
    second.replaceBy('/2');
    a.server.setDraining(true);
    await firstValueFrom(link.state$.pipe(filter((state) => isJoined(state) && state.server.name === 's2')));
    second.replaceBy('/3');
    // The farewell comes after all that was said before.
    await link.leave(15_000);
    expect(heard).toBe(2);
  });

  it('hears at its next server of what happened to the state on its way there', async () => {
    const [first, second] = [new ReplacedState('/1'), new ReplacedState('/2')];
    const [a, b] = [await openServer('s1', { store: first }), await openServer('s2', { store: second })];
    await a.server.peers.join([b.address]);
    const link = openLink('web', [a.address]);
    let heard = 0;
    link.replaced$.subscribe(() => (heard += 1));
    await joined(link);
    await firstValueFrom(link.servers$.pipe(filter((servers) => servers.length === 2)));
    a.server.setDraining(true);
    await vi.waitFor(() => expect(heard).toBe(1), 15_000);
  });

  it('ends requests that wait for a server which is silent, and reads go to another', async () => {
    const [a, b] = [await openServer('s1'), await openServer('s2')];
    await a.server.peers.join([b.address]);
    const clock = new ManualClock();
    const link = openLink('web', [a.address], { clock });
    await joined(link);
    await firstValueFrom(link.servers$.pipe(filter((servers) => servers.length === 2)));
    const ask = (method: string) => link.request({ method, path: '/unanswered', headers: {} }).catch(AppError.from);
    const write = ask('PUT');
    await vi.waitFor(() => expect(a.asked).toContain('PUT /unanswered'), 15_000);
    const read = ask('GET');
    await vi.waitFor(() => expect(a.asked).toContain('GET /unanswered'), 15_000);
    await clock.advance(5000);
    expect(await write).toMatchObject({ code: 'unavailable', message: expect.stringContaining('broke off') });
    await vi.waitFor(() => expect(b.asked).toEqual(['GET /unanswered']), 15_000);
    link.close();
    expect(await read).toMatchObject({ code: 'unavailable' });
  });

  it('keeps its certificate, and joins with it again when it starts anew', async () => {
    let kept: string | undefined;
    const keeper: CredentialsKeeper = { read: () => kept, write: (given) => (kept = given) };
    const { address } = await openServer('s1');
    const first = openLink('web', [address], { admission: { token: joinTokenOf(secrets), keeper } });
    await joined(first);
    const before = kept;
    expect(before).toContain('BEGIN CERTIFICATE');
    first.close();
    await joined(openLink('web', [address], { admission: { token: joinTokenOf(secrets), keeper } }));
    expect(kept).toBe(before);
    await joined(
      openLink('other', [address], { facts: factsOf('other'), admission: { token: joinTokenOf(secrets), keeper } }),
    );
    expect(kept).not.toBe(before);
  });
});

describe('the certificate of a client agent', () => {
  const uri = agentUri(secrets.clusterId, { role: 'client', datacenter: 'dc1', node: 'web' });
  const keptFor = (ttlMs: number): CredentialsKeeper & { text: string } => {
    const {
      caPem: ca,
      certPem,
      keyPem: key,
    } = issueCredentials(secrets.authority, { uri, names: [] }, Date.now(), ttlMs);
    const authority = secrets.authority.publicKeyHash.toString('base64url');
    const kept = { node: 'web', cluster: secrets.clusterId, authority, ca, certificate: certPem, key };
    return {
      text: JSON.stringify(kept),
      read() {
        return this.text;
      },
      write(text) {
        this.text = text;
      },
    };
  };
  const admissionOf = (keeper: CredentialsKeeper) => ({ admission: { token: joinTokenOf(secrets), keeper } });

  it('is renewed over the heartbeat when half its time is over', async () => {
    const { registry, address } = await openServer('s1');
    const keeper = keptFor(30 * 3_600_000);
    const before = keeper.text;
    // The minute between two looks at the certificate is a moment here.
    const clock = {
      ...systemClock,
      after: (ms: number, task: () => void) => systemClock.after(ms === 60_000 ? 50 : ms, task),
    };
    const link = openLink('web', [address], { ...admissionOf(keeper), clock });
    await joined(link);
    await expect.poll(() => keeper.text).not.toBe(before);
    expect((link.identity?.notAfterMs ?? 0) - Date.now()).toBeGreaterThan(71 * 3_600_000);
    expect(await text((await link.request({ method: 'GET', path: '/x', headers: {} })).body)).toBe('s1 /x');
    expect(registry.seen).toEqual(['alive web']);
  });

  it('that has run out is replaced by joining anew', async () => {
    const { address } = await openServer('s1');
    const keeper = keptFor(-1000);
    const link = openLink('web', [address], admissionOf(keeper));
    await joined(link);
    expect(link.identity?.notAfterMs).toBeGreaterThan(Date.now());
  });
});

describe('an agent with certificates in files', () => {
  it('joins servers that trust the same authority, without a token', async () => {
    const { registry, address } = await openServer('s1', { trust: trustInFiles('server') });
    const link = openLink('web', [address], { admission: { files: filesOf('client'), domain: 'consul', tls: {} } });
    expect((await joined(link)).server.name).toBe('s1');
    expect(registry.seen).toEqual(['alive web']);
  });

  it('takes no client agent for a server', async () => {
    const { address } = await openServer('s1', { trust: trustInFiles('client') });
    const link = openLink('web', [address], { admission: { files: filesOf('client'), domain: 'consul', tls: {} } });
    expect(await problemOf(link)).toMatch(
      /^the agent at \S+ is not a server of this datacenter: it is no server, not server\.dc1\.consul$/,
    );
  });
});

describe('an agent is not let in', () => {
  it.each([
    [
      'by servers of another cluster',
      otherSecrets.authority.publicKeyHash,
      otherSecrets.joinSecret,
      /is not of the cluster that the join token is for/,
    ],
    [
      'with a wrong secret',
      secrets.authority.publicKeyHash,
      otherSecrets.joinSecret,
      /^the join token is not of this cluster: "meshwright operator join-token"/,
    ],
  ])('%s', async (_name, authorityHash, secret, sentence) => {
    const { registry, address } = await openServer('s1');
    expect(await problemOf(openLink('web', [address], { admission: { token: { authorityHash, secret } } }))).toMatch(
      sentence,
    );
    expect(registry.seen).toEqual([]);
  });

  it('by a server of another datacenter', async () => {
    const { registry, address } = await openServer('s1', { datacenter: 'dc2' });
    expect(await problemOf(openLink('web', [address]))).toBe(
      `the agent at ${address} is not a server of this datacenter: it is server.dc2.consul, not server.dc1.consul`,
    );
    expect(registry.seen).toEqual([]);
  });

  it('when its name is taken', async () => {
    const { registry, address } = await openServer('s1');
    registry.problem = 'node name "web" is in use';
    expect(await problemOf(openLink('web', [address]))).toBe('node name "web" is in use');
  });

  it('while the server is not ready, and as soon as it is', async () => {
    const { server, registry, address } = await openServer('s1', { serves: false });
    const link = openLink('web', [address]);
    expect(await problemOf(link)).toMatch(/this server is not ready yet/);
    server.serve({
      registry,
      store: new ReplacedState(),
      http: () => undefined,
      dns: () => Promise.resolve(undefined),
    });
    await joined(link);
  });

  it('and gives up after retry_max attempts where nobody answers', async () => {
    const onGiveUp = vi.fn<(error: Error) => void>();
    openLink('web', ['127.0.0.1:1'], { join: { addresses: ['127.0.0.1:1'], intervalMs: 10, max: 2 }, onGiveUp });
    await vi.waitFor(() => expect(onGiveUp).toHaveBeenCalledOnce(), 15_000);
    expect(String(onGiveUp.mock.calls[0]?.[0])).toMatch(
      /no server was joined in 2 attempts: the server at 127.0.0.1:1 is not reached/,
    );
  });
});
