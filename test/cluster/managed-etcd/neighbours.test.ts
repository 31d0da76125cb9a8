import { describe, expect, it } from 'vitest';
import type { Introduction } from '../../../src/cluster/managed-etcd/forming.js';
import { decodeIntroduction, encodeIntroduction } from '../../../src/cluster/managed-etcd/introduction.js';
import { Neighbours } from '../../../src/cluster/managed-etcd/neighbours.js';
import type { OtherServer } from '../../../src/cluster/managed-etcd/other-servers.js';
import { AppError } from '../../../src/core/index.js';
import { ManualClock } from '../../state/support/manual-clock.js';

const settings = {
  ...{ binary: 'etcd', bindAddress: '10.0.0.1', advertiseAddress: '10.0.0.1', peerPort: 2380, clientPort: 2379 },
  ...{ quotaBytes: 2 ** 30, heartbeatMs: 50, electionMs: 500, autoCompaction: false, serverName: '' },
};
const other = (id: string, isRunning: boolean): Introduction => ({
  ...{ id, node: id, datacenter: 'dc1', address: `${id}:1`, peerUrl: `https://${id}:2380` },
  ...{ clientUrl: `https://${id}:2379`, expect: 0, joined: [], running: isRunning },
});

/** A server `a`; of the others those in `answers` answer. */
function open(answers: Readonly<Record<string, Introduction>> = {}) {
  const clock = new ManualClock();
  let handler: ((body: Buffer) => Promise<Uint8Array>) | undefined;
  const neighbours = new Neighbours({
    self: { id: 'a', node: 'node-a', datacenter: 'dc1', address: 'a:1' },
    settings,
    expect: 3,
    others: {
      list: () => ['a', 'b', 'c'].map((id): OtherServer => ({ id, name: id, address: `${id}:1` })),
      joined: () => ['b', null],
      async ask({ id }) {
        const answer = answers[id];
        if (answer === undefined) throw new AppError('unavailable', `${id} does not answer`);
        return encodeIntroduction(answer);
      },
      answer(_, given) {
        handler = given;
        return () => {
          handler = undefined;
        };
      },
    },
    clock,
    record: () => ({ hasRun: true, clientUrls: [], promise: { coordinator: 'b', attempt: 'x' } }),
    member: () => ({ isRunning: true, clusterId: '77' }),
  });
  neighbours.answer();
  const introduce = async (introduction: Introduction) =>
    decodeIntroduction((await handler?.(encodeIntroduction(introduction))) ?? Buffer.alloc(0));
  return { neighbours, clock, introduce };
}

describe('servers introduce themselves to each other', () => {
  it('with what is known of their member, its cluster and what they have promised', async () => {
    const { introduce } = open();
    expect(await introduce(other('b', true))).toMatchObject({
      ...{ id: 'a', node: 'node-a', peerUrl: 'https://10.0.0.1:2380', clientUrl: 'https://10.0.0.1:2379' },
      ...{ expect: 3, joined: ['b', null], running: true, cluster: '77' },
      promise: { coordinator: 'b', attempt: 'x' },
    });
  });

  it('and go on without those that do not answer, and without themselves', async () => {
    const { neighbours } = open({ a: other('a', true), c: other('c', false) });
    expect((await neighbours.ask()).map(({ id }) => id)).toEqual(['c']);
  });
});

describe('somebody waits for a place', () => {
  it('who has asked lately, is no member and does not run', async () => {
    const { neighbours, clock, introduce } = open();
    expect(neighbours.someoneWaits([])).toBe(false);
    await introduce(other('d', false));
    expect(neighbours.someoneWaits([{ name: 'a' }])).toBe(true);
    expect(neighbours.someoneWaits([{ name: 'a' }, { name: 'd' }])).toBe(false);
    clock.advance(10_001);
    expect(neighbours.someoneWaits([{ name: 'a' }])).toBe(false);
  });

  it('until it runs', async () => {
    const { neighbours, introduce } = open();
    await introduce(other('d', false));
    await introduce(other('d', true));
    expect(neighbours.someoneWaits([])).toBe(false);
  });
});
