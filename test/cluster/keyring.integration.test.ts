import { once } from 'node:events';
import { connect } from 'node:tls';
import { firstValueFrom, filter, map } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/index.js';
import {
  agentUri,
  deriveClusterSecrets,
  issueCredentials,
  joinTokenOf,
  ringOfKey,
} from '../../src/cluster/credentials/index.js';
import { type CredentialsKeeper, Keyring, openKeyring, type ServerLink, trustOfKeys } from '../../src/cluster/index.js';
import type { Member } from '../../src/discovery/members/index.js';
import type { KeyringControl } from '../../src/discovery/operator/index.js';
import { closeAll, KEY as OLD, logger, openLink, openServer } from './support/cluster-rig.js';

afterEach(closeAll);

const NEW = Buffer.alloc(32, 9).toString('base64');
const tokenOf = (key: string) => joinTokenOf(deriveClusterSecrets(key));

interface Opened {
  readonly keyring: Keyring;
  readonly control: KeyringControl;
  readonly address: string;
  readonly written: string[];
  readonly join: (address: string) => Promise<number>;
}

/** A server that keeps its keyring, with these members. */
async function open(name: string, members: () => readonly Member[], key = OLD): Promise<Opened> {
  const written: string[] = [];
  const keyring = new Keyring(ringOfKey(key), (text) => written.push(text));
  const trust = trustOfKeys(keyring, { datacenter: 'dc1', node: name, names: [] }, systemClock);
  const { server, address } = await openServer(name, { trust });
  const { peers, keysOfAgents } = server;
  const control = openKeyring({ keyring, peers, keysOfAgents, members, clock: systemClock, logger });
  return { keyring, control, address, written, join: (other) => peers.join([other]) };
}

const member = (name: string, role: 'consul' | 'node', status: Member['status'] = 'alive'): Member => ({
  ...{ name, address: '', port: 0, tags: { role }, status, sinceMs: 0 },
});
const keysOf = async (control: KeyringControl) =>
  (await control.list()).map(({ node, keys, primary, problem }) => [node, [...keys], primary, problem]);
const problemsOf = async (control: KeyringControl, change: 'install' | 'use' | 'remove', key: string) =>
  (await control.change(change, key)).flatMap(({ node, problem }) =>
    problem === undefined ? [] : [`${node}: ${problem}`],
  );
const joined = (link: ServerLink) =>
  firstValueFrom(
    link.state$.pipe(
      filter(({ kind }) => kind === 'joined'),
      map(() => link.identity),
    ),
  );

describe('the cluster key', () => {
  it('is replaced under way: on all servers and client agents, which go on with certificates of the new one', async () => {
    const members = [member('s1', 'consul'), member('s2', 'consul'), member('web', 'node')];
    const [a, b] = [await open('s1', () => members), await open('s2', () => members)];
    await b.join(a.address);
    let kept: string | undefined;
    const keeper: CredentialsKeeper = { read: () => kept, write: (text) => (kept = text) };
    const link = openLink('web', [a.address], { admission: { token: tokenOf(OLD), keeper } });
    const before = await joined(link);
    await expect.poll(() => keysOf(a.control)).toEqual(members.map(({ name }) => [name, [OLD], OLD, undefined]));

    expect(await problemsOf(a.control, 'use', NEW)).toEqual(
      members.map(({ name }) => `${name}: Requested key is not in the keyring`),
    );
    expect(await problemsOf(a.control, 'install', NEW)).toEqual([]);
    expect(await keysOf(b.control)).toEqual(members.map(({ name }) => [name, [OLD, NEW], OLD, undefined]));

    expect(await problemsOf(b.control, 'use', NEW)).toEqual([]);
    expect(await keysOf(a.control)).toEqual(members.map(({ name }) => [name, [NEW, OLD], NEW, undefined]));
    expect(link.identity?.clusterId).toBe(deriveClusterSecrets(NEW).clusterId);
    expect(link.identity?.clusterId).not.toBe(before?.clusterId);
    // Whoever has the old token or the old key still gets in, and is given the rest.
    members.push(member('late', 'node'), member('s3', 'consul'));
    expect((await joined(openLink('late', [b.address], { admission: { token: tokenOf(OLD) } })))?.clusterId).toBe(
      deriveClusterSecrets(NEW).clusterId,
    );
    const c = await open('s3', () => members);
    await c.join(a.address);
    await expect.poll(() => c.keyring.ring.keys.map(({ text }) => text), { timeout: 5000 }).toEqual([NEW, OLD]);
    await expect
      .poll(() => keysOf(a.control), { timeout: 5000 })
      .toEqual(members.map(({ name }) => [name, [NEW, OLD], NEW, undefined]));

    expect(await problemsOf(a.control, 'remove', NEW)).toHaveLength(5);
    expect(await problemsOf(a.control, 'remove', OLD)).toEqual([]);
    expect(await keysOf(a.control)).toEqual(members.map(({ name }) => [name, [NEW], NEW, undefined]));
    expect(JSON.parse(a.written.at(-1) ?? '')).toEqual({ revision: 3, keys: [NEW] });
    expect(b.written.at(-1)).toBe(a.written.at(-1));
    // Nobody gets in with the old one, and who has joined comes back with what it has kept.
    const refused = openLink('old', [a.address], { admission: { token: tokenOf(OLD) } });
    const refusal = await firstValueFrom(
      refused.state$.pipe(
        filter((state) => state.kind === 'searching' && state.problem !== undefined),
        map((state) => (state.kind === 'searching' ? state.problem?.message : '')),
      ),
    );
    expect(refusal).toContain('is not of the cluster that the join token is for');
    link.close();
    const again = openLink('web', [a.address], { admission: { token: tokenOf(OLD), keeper } });
    expect((await joined(again))?.clusterId).toBe(deriveClusterSecrets(NEW).clusterId);
    expect(kept).not.toContain(NEW);
  }, 30_000);

  it('is not removed while a member may have no other, and the members are named', async () => {
    const members = [member('s1', 'consul'), member('gone', 'node', 'failed'), member('silent', 'node')];
    const { control, keyring } = await open('s1', () => members);
    await keyring.replace({ ...ringOfKey(NEW), revision: 5, keys: [...ringOfKey(NEW).keys, ...ringOfKey(OLD).keys] });
    expect(await problemsOf(control, 'remove', OLD)).toEqual([
      'silent: it has not said which keys it has',
      'gone: it has failed, and may have the old key only: start it, or let it go with force-leave',
    ]);
    expect(keyring.ring.revision).toBe(5);
  });

  it('that is removed ends the connections that were opened with it', async () => {
    const { keyring, address } = await open('s1', () => []);
    const { authority, clusterId } = deriveClusterSecrets(OLD);
    const uri = agentUri(clusterId, { role: 'client', datacenter: 'dc1', node: 'web' });
    const { certPem: cert, keyPem: key } = issueCredentials(authority, { uri, names: [] }, Date.now());
    const [host = '', port] = address.split(':');
    const socket = connect({
      host,
      port: Number(port),
      cert,
      key,
      ca: authority.certificatePem,
      rejectUnauthorized: false,
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.write('GET /x HTTP/1.1\r\nHost: s1\r\n\r\n');
    expect(String((await once(socket, 'data'))[0])).toContain('client web');
    await keyring.replace({ ...ringOfKey(NEW), revision: 1, keys: [...ringOfKey(NEW).keys, ...ringOfKey(OLD).keys] });
    expect(socket.destroyed).toBe(false);
    socket.resume();
    await keyring.replace({ ...ringOfKey(NEW), revision: 2 });
    await closed;
  });

  it('is not changed where it cannot be kept', async () => {
    const keyring = new Keyring(ringOfKey(OLD), () => {
      throw new Error('disk full');
    });
    await expect(keyring.replace(ringOfKey(NEW))).rejects.toThrow('disk full');
    expect(keyring.ring.keys[0].text).toBe(OLD);
  });
});
