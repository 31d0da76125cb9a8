import { describe, expect, it } from 'vitest';
import type { MemberStatus } from '../../../src/cluster/etcd-members/index.js';
import { announceAddress, replaceDead } from '../../../src/cluster/managed-etcd/tend-members.js';
import { EtcdError, type MemberChange } from '../../../src/state/backend/etcd/client/index.js';

const RULES = { cleanupDeadServers: true, deadAfterMs: 30_000, minQuorum: 0 };
const member = (name: string, parts: Partial<MemberStatus> = {}): MemberStatus =>
  ({
    id: `id-${name}`,
    name,
    isLearner: false,
    silentMs: 0,
    peerUrls: [`https://${name}:2380`],
    ...parts,
  }) as MemberStatus;

/** An etcd that carries out what it is told, or refuses it. */
function tools(refusal?: Error) {
  const [changes, said]: [MemberChange[], string[]] = [[], []];
  return {
    changes,
    said,
    client: {
      async changeMembers(change: MemberChange) {
        if (refusal) throw refusal;
        changes.push(change);
        return { header: null, members: [] };
      },
    },
    logger: { info: (_: object, message: string) => void said.push(message) },
  };
}

describe('the members beside the leader', () => {
  it('lose a dead one to a server that waits, and the log says for how long it was silent', async () => {
    const { changes, said, ...with_ } = tools();
    await replaceDead([member('a'), member('b'), member('c', { silentMs: 31_000 })], RULES, true, with_);
    expect(changes).toEqual([{ method: 'MemberRemove', request: { ID: 'id-c' } }]);
    expect(said).toEqual(['the etcd member of a server that has not answered for 31 s was removed']);
  });

  it('stay as they are while nothing is wrong', async () => {
    const { changes, ...with_ } = tools();
    await replaceDead([member('a'), member('b')], RULES, false, with_);
    expect(changes).toEqual([]);
  });

  it('wait for a learner that has not caught up, and for nothing else that etcd refuses', async () => {
    const members = [member('a'), member('b'), member('d', { isLearner: true })];
    const early = new EtcdError(9, 'etcdserver: can only promote a learner member which is in sync with leader', 'a');
    await expect(replaceDead(members, RULES, false, tools(early))).resolves.toBeUndefined();
    await expect(replaceDead(members, RULES, false, tools(new Error('no leader')))).rejects.toThrow('no leader');
  });
});

it('the others are told the address of a member only when it has changed', async () => {
  const { changes, ...with_ } = tools();
  await announceAddress(member('a'), 'https://a:2380', with_);
  expect(changes).toEqual([]);
  await announceAddress(member('a'), 'https://10.0.0.9:2380', with_);
  expect(changes).toEqual([{ method: 'MemberUpdate', request: { ID: 'id-a', peerURLs: ['https://10.0.0.9:2380'] } }]);
});
