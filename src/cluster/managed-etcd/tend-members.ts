import { EtcdError, type MemberChange } from '../../state/backend/etcd/client/index.js';
import type { MemberStatus } from '../etcd-members/index.js';
import { nextChange, type ReplacementRules } from './replacement.js';

interface Tools {
  readonly client: { changeMembers(change: MemberChange): Promise<unknown> };
  readonly logger: { info(fields: object, message: string): void };
}

/** Tells the others where our own member is now, when that has changed. */
export async function announceAddress(own: MemberStatus, peerUrl: string, { client, logger }: Tools): Promise<void> {
  if (own.peerUrls.includes(peerUrl)) return;
  await client.changeMembers({ method: 'MemberUpdate', request: { ID: own.id, peerURLs: [peerUrl] } });
  logger.info(
    { from: own.peerUrls[0], to: peerUrl },
    'the address of the etcd member has changed; the others were told',
  );
}

/** Removes a dead member, or makes a learner a voter, where the rules say so; one change at a time. Only beside the leader, so that one server does it. */
export async function replaceDead(
  members: readonly MemberStatus[],
  rules: ReplacementRules,
  someoneWaits: boolean,
  { client, logger }: Tools,
): Promise<void> {
  const change = nextChange(members, rules, someoneWaits);
  if (!change) return;
  const { id, name, silentMs } = change.member;
  try {
    if (change.type === 'promote') await client.changeMembers({ method: 'MemberPromote', request: { ID: id } });
    else await client.changeMembers({ method: 'MemberRemove', request: { ID: id } });
  } catch (thrown) {
    // It has not caught up yet.
    if (change.type === 'promote' && thrown instanceof EtcdError && /in sync with leader/.test(thrown.message)) return;
    throw thrown;
  }
  logger.info(
    { server: name },
    change.type === 'promote'
      ? 'a new etcd member has caught up and votes'
      : `the etcd member of a server that has not answered for ${Math.round(silentMs / 1000)} s was removed`,
  );
}
