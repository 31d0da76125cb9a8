import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AppError, systemClock } from '../../../src/core/index.js';
import { createEtcdBackend, type EtcdConnection } from '../../../src/state/backend/etcd/index.js';
import { type LiveArea, type StateStore, createStateStore } from '../../../src/state/index.js';
import { until } from '../../support/envoy-rig/index.js';
import { anyEtcd, type EtcdBinary, type RunningEtcd, startEtcd } from '../../support/etcd/index.js';
import { kv } from '../support/records.js';

async function etcdWith(flags: readonly string[]): Promise<RunningEtcd> {
  const binary: EtcdBinary | undefined = anyEtcd();
  if (!binary) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
  const etcd = await startEtcd({ binary, flags: ['--unsafe-no-fsync', ...flags] });
  onTestFinished(() => etcd.stop());
  return etcd;
}

async function open(connection: EtcdConnection, problems: AppError[] = []): Promise<StateStore & { live: LiveArea }> {
  const onProblem = (error: AppError): void => void problems.push(error);
  const backend = createEtcdBackend({ connection, prefix: 'mesh', server: 'one', allowOldEtcd: true, onProblem });
  const store = createStateStore({ backend, clock: systemClock, onProblem });
  onTestFinished(() => store.close());
  await store.ready;
  return Object.assign(store, { live: backend.live as LiveArea });
}

const write = (store: StateStore, key: string): Promise<unknown> =>
  store.transact('put', (transaction) => transaction.put('kv', kv(key)));

/** An authority, a server certificate for 127.0.0.1 and etcd.test, and a client certificate, as files. */
function certificates(): string {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test authority', '-days', '2');
  writeFileSync(join(folder, 'extensions'), 'subjectAltName=IP:127.0.0.1,DNS:etcd.test');
  for (const name of ['server', 'client']) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'extensions'];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing);
  }
  return folder;
}

describe('an etcd with TLS', () => {
  it('takes a server with a client certificate, and nobody without', async () => {
    const folder = certificates();
    const file = (name: string): string => join(folder, name);
    const etcd = await etcdWith([
      `--cert-file=${file('server.pem')}`,
      `--key-file=${file('server.key')}`,
      `--trusted-ca-file=${file('ca.pem')}`,
      '--client-cert-auth',
    ]);
    const { endpoints } = etcd;
    const ca = readFileSync(file('ca.pem'));
    const own = { cert: readFileSync(file('client.pem')), key: readFileSync(file('client.key')) };
    const store = await open({ endpoints, tls: { ca, ...own } });
    await write(store, 'a');
    expect(store.view.get('kv', 'a')?.key).toBe('a');
    const named = await open({ endpoints, tls: { ca, ...own, serverName: 'etcd.test' } });
    await named.barrier();
    expect(named.view.get('kv', 'a')?.key).toBe('a');
    const [otherName, stranger, believer] = await Promise.allSettled([
      open({ endpoints, tls: { ca, ...own, serverName: 'other.test' } }),
      open({ endpoints, tls: { ca } }),
      open({ endpoints, tls: own }),
    ]);
    for (const refused of [otherName, stranger, believer])
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  }, 90_000);

  it('is not reached with certificates that do not belong together', () => {
    const tls = { ca: Buffer.from('no certificate'), cert: Buffer.from('none'), key: Buffer.from('none') };
    const connection = { endpoints: ['https://127.0.0.1:1'], tls };
    expect(() => createEtcdBackend({ connection, prefix: 'mesh', server: 'one' })).toThrow(
      /must be PEM and belong together/,
    );
  });
});

describe('an etcd with users', () => {
  it('is used with a name and a password, also after the tokens are gone, within the rights of the user', async () => {
    const etcd = await etcdWith([]);
    const [endpoint] = etcd.endpoints as [string];
    const call = async (path: string, body: object): Promise<void> => {
      const answer = await fetch(`${endpoint}${path}`, { method: 'POST', body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    };
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    await call('/v3/auth/user/add', { name: 'root', password: 'r00t' });
    await call('/v3/auth/user/grant', { user: 'root', role: 'root' }).catch(() => undefined);
    await call('/v3/auth/role/add', { name: 'root' }).catch(() => undefined);
    await call('/v3/auth/user/grant', { user: 'root', role: 'root' });
    await call('/v3/auth/role/add', { name: 'mesh' });
    const perm = { permType: 'READWRITE', key: base64('mesh-'), range_end: base64('mesh0') };
    await call('/v3/auth/role/grant', { name: 'mesh', perm });
    await call('/v3/auth/user/add', { name: 'mesh', password: 'secret' });
    await call('/v3/auth/user/grant', { user: 'mesh', role: 'mesh' });
    await call('/v3/auth/enable', {});
    const problems: AppError[] = [];
    const login = { username: 'mesh', password: 'secret' };
    const store = await open({ endpoints: [endpoint], login }, problems);
    await write(store, 'a');
    await store.live.put('here', 'x');
    expect(await store.live.claim('duty', 'x')).toBeDefined();
    // Tokens are kept in the member's memory only.
    await etcd.members[0]?.kill();
    etcd.members[0]?.restart();
    await until('a write', () => write(store, 'b').then(() => true));
    await store.barrier();
    expect(store.view.range('kv', 'prefix', [''])).toHaveLength(2);
    expect(problems.map(({ message }) => message).join()).not.toContain('secret');
    const wrong = open({ endpoints: [endpoint], login: { username: 'mesh', password: 'wrong' } });
    await expect(wrong).rejects.toThrow('etcd does not accept the username and password');
    const nobody = open({ endpoints: [endpoint] });
    await expect(nobody).rejects.toThrow('etcd does not accept the username and password');
    const elsewhere = createEtcdBackend({
      connection: { endpoints: [endpoint], login },
      prefix: 'other',
      server: 'one',
      allowOldEtcd: true,
    });
    await expect(elsewhere.open()).rejects.toThrow('may not read and write the prefix');
  }, 90_000);
});

describe('endpoints', () => {
  it.each([
    [[], 'is empty'],
    [['ftp://a:1'], '"ftp://a:1" is not an endpoint'],
    [['a'], '"a" is not an endpoint'],
    [['http://a:1', 'https://b:1'], 'mixes http and https'],
  ])('%j are refused', (endpoints, problem) => {
    expect(() => createEtcdBackend({ connection: { endpoints }, prefix: 'mesh', server: 'one' })).toThrow(problem);
  });
});
