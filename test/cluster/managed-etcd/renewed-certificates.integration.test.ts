import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { deriveClusterSecrets, issueCredentials } from '../../../src/cluster/credentials/index.js';
import { findEtcd, ManagedEtcd } from '../../../src/cluster/managed-etcd/index.js';
import { systemClock } from '../../../src/core/index.js';
import { EtcdClient } from '../../../src/state/backend/etcd/client/index.js';
import { freePort } from '../../support/envoy-rig/index.js';
import { anyEtcd } from '../../support/etcd/index.js';

const HOUR_MS = 3_600_000;
const parts = { now: () => Date.now(), pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)) };
const logger = { debug() {}, info() {}, warn() {}, error() {} };

it('a managed member takes other certificates while it runs, so that those which have ended are of the past', async () => {
  const etcd = anyEtcd();
  if (!etcd) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-member-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { etcdAuthority } = deriveClusterSecrets(Buffer.alloc(32, 7).toString('base64'));
  const subject = { uri: 'x:server', names: ['localhost', '127.0.0.1', 'server.dc1.consul'] };
  const issue = (nowMs = Date.now()) => issueCredentials(etcdAuthority, subject, nowMs, HOUR_MS);
  const member = new ManagedEtcd({
    binary: await findEtcd(etcd.path, { allowOld: true }),
    settings: {
      binary: etcd.path,
      bindAddress: '127.0.0.1',
      advertiseAddress: '127.0.0.1',
      peerPort: await freePort(),
      clientPort: await freePort(),
      quotaBytes: 2 ** 30,
      heartbeatMs: 50,
      electionMs: 500,
      autoCompaction: false,
      serverName: 'server.dc1.consul',
    },
    folder,
    self: { id: 'id-one', node: 'one', datacenter: 'dc1', address: '127.0.0.1:1' },
    expect: 1,
    credentials: issue(),
    others: {
      list: () => [],
      joined: () => [],
      ask: () => Promise.reject(new Error('nobody')),
      answer: () => () => undefined,
    },
    clock: systemClock,
    logger: logger as never,
  });
  onTestFinished(() => member.stop());
  await member.start();
  const pid = readFileSync(join(folder, 'etcd.pid'), 'utf8');
  const client = new EtcdClient(member.connection, parts);
  onTestFinished(() => client.close());
  const ask = () => client.status(client.endpoints.first);
  expect(await ask()).toMatchObject({ version: etcd.version });

  member.renew(issue(Date.now() - 3 * HOUR_MS));
  await expect(ask()).rejects.toThrow('certificate has expired');
  member.renew(issue());
  expect(await ask()).toMatchObject({ version: etcd.version });
  await member.settled();
  expect(readFileSync(join(folder, 'etcd.pid'), 'utf8')).toBe(pid);
});
