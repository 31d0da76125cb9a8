import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findBeginning } from '../../../src/cluster/managed-etcd/find-beginning.js';
import type { Introduction } from '../../../src/cluster/managed-etcd/forming.js';
import type { MemberSettings } from '../../../src/cluster/managed-etcd/member-arguments.js';
import { MemberFolder, type MemberRecord } from '../../../src/cluster/managed-etcd/member-folder.js';
import { AppError } from '../../../src/core/index.js';
import type { EtcdClient } from '../../../src/state/backend/etcd/client/index.js';
import type { Logger } from '../../../src/telemetry/index.js';

const logger = { info() {} } as unknown as Logger;
const settings: MemberSettings = {
  ...{ binary: 'etcd', bindAddress: '10.0.0.1', advertiseAddress: '10.0.0.1', peerPort: 2380, clientPort: 2379 },
  ...{ quotaBytes: 2 ** 30, heartbeatMs: 50, electionMs: 500, autoCompaction: false, serverName: '' },
};
const OWN_PEER_URL = 'https://10.0.0.1:2380';
const PLAN = { attempt: 'x', founders: [{ id: 'a', peerUrl: OWN_PEER_URL }] };
const running: Introduction = {
  ...{ id: 'b', node: 'b', datacenter: 'dc1', address: 'b:1', peerUrl: 'https://b:2380', clientUrl: 'https://b:2379' },
  ...{ expect: 1, joined: [], running: true },
};

/** A server `a`, alone among `others`, whose folder holds `record`. It gives up after as many pauses as answers of `others`. */
function beginning(options: {
  readonly record?: MemberRecord;
  readonly hasData?: boolean;
  readonly expect?: number;
  readonly others?: readonly (readonly Introduction[])[];
}) {
  const path = mkdtempSync(join(tmpdir(), 'meshwright-member-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  const folder = new MemberFolder(path);
  if (options.record) folder.write(options.record);
  if (options.hasData) mkdirSync(join(folder.dataPath, 'member', 'wal'), { recursive: true });
  const [told, connected]: [string[], string[]] = [[], []];
  const answers = [...(options.others ?? [])];
  const client = {
    members: async () => ({ members: [{ ID: '1', name: 'b', peerURLs: ['https://b:2380'] }] }),
    changeMembers: async () => ({
      members: [
        { ID: '1', name: 'b', peerURLs: ['https://b:2380'] },
        { ID: '2', name: '', peerURLs: [OWN_PEER_URL] },
      ],
    }),
    close: () => undefined,
  } as unknown as EtcdClient;
  const found = findBeginning({
    self: { id: 'a', node: 'a', datacenter: 'dc1', address: 'a:1' },
    settings,
    expect: options.expect ?? 1,
    folder,
    others: { joined: () => [] },
    neighbours: { proposal: undefined, ask: async () => answers.shift() ?? [] },
    connect(endpoints) {
      connected.push(...endpoints);
      return client;
    },
    logger,
    tell: (text) => told.push(text),
    async pause() {
      if (answers.length === 0) throw new AppError('cancelled', 'enough');
    },
  });
  return { found, told, connected, folder };
}

describe('what a member begins with', () => {
  it('are its own data where it has some', async () => {
    expect(await beginning({ hasData: true }).found).toEqual({ type: 'continue' });
  });

  it('is a cluster of its own where it is alone and expects nobody, which it remembers', async () => {
    const { found, folder } = beginning({ others: [[], [], []] });
    const { decided } = await found.then(() => folder.record);
    expect(decided?.founders).toEqual(PLAN.founders);
    expect(await found).toEqual({
      type: 'found',
      token: decided?.attempt,
      members: [{ name: 'a', peerUrl: OWN_PEER_URL }],
    });
  });

  it('is the plan that was settled before a restart', async () => {
    const { found } = beginning({ record: { decided: PLAN, hasRun: false, clientUrls: [] } });
    expect(await found).toMatchObject({ type: 'found', token: 'x' });
  });

  it('is never a cluster of its own again once it has run: it joins those that run', async () => {
    const { found, connected } = beginning({
      record: { decided: PLAN, hasRun: true, clientUrls: ['https://c:2379', 'https://10.0.0.1:2379'] },
      others: [[running]],
    });
    expect(await found).toEqual({
      type: 'join',
      token: 'join',
      members: [
        { name: 'b', peerUrl: 'https://b:2380' },
        { name: 'a', peerUrl: OWN_PEER_URL },
      ],
    });
    expect(connected).toEqual(['https://b:2379', 'https://c:2379']);
  });

  it('is waited for, and said, while nobody is there to found it with or to join', async () => {
    const forming = beginning({ expect: 3, others: [[], []] });
    await expect(forming.found).rejects.toThrow('enough');
    expect(forming.told.at(-1)).toMatch(/^the cluster is not there yet: waiting for /);
    const joining = beginning({ record: { decided: PLAN, hasRun: true, clientUrls: [] }, others: [[]] });
    await expect(joining.found).rejects.toThrow('enough');
    expect(joining.told).toEqual(['the cluster cannot be joined yet: none of its servers answers']);
  });
});
