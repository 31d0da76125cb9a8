import { AppError, type Clock, patiently } from '../../core/index.js';
import { appErrorOf, type EtcdClient, EtcdError, hexId, status } from '../../state/backend/etcd/client/index.js';
import { mayRemove } from './may-remove.js';
import type { MemberStatus } from './member-watch.js';

/** What a change of the members needs. */
export interface MemberChangeParts {
  readonly members: readonly MemberStatus[];
  /** Speaks to any of them. */
  readonly client: EtcdClient;
  /** A client of one member, which who asked for it closes. */
  readonly connect: (urls: readonly string[]) => EtcdClient;
  readonly clock: Clock;
}

/** etcd wants all members to have been in touch for five seconds, and elects a leader meanwhile. */
const TAKE_OUT_MS = 10_000;
const TRY_AGAIN_MS = 300;

/** Whether it is meant by an id of etcd's (as etcdctl writes it, too) or by a name. */
const isCalled = ({ id, name }: MemberStatus, text: string): boolean =>
  text !== '' && [id, hexId(id), name].includes(text);

/** The member with this id of etcd's, or name. Throws AppError('notFound'). */
export function memberOf(members: readonly MemberStatus[], idOrName: string): MemberStatus {
  const member = members.find((each) => isCalled(each, idOrName));
  if (!member) throw new AppError('notFound', `there is no etcd member ${idOrName}`);
  return member;
}

/**
 * Takes a member out of its cluster; `what` it is called. What time mends is tried again for some seconds. Throws AppError('conflict')
 * when a majority would be lost, else what etcd said last.
 */
export async function removeMember(member: MemberStatus, what: string, parts: MemberChangeParts): Promise<void> {
  const { members } = parts;
  if (!mayRemove(members, member, { minQuorum: 0 }))
    throw new AppError(
      'conflict',
      `${what} is not removed: the members that are left would have no majority that answers`,
    );
  try {
    // Only nicer: without it the others elect a leader.
    await handOver(member, parts).catch(() => undefined);
    await takeOut(member, parts);
  } catch (thrown) {
    throw appErrorOf(thrown);
  }
}

/** Removes a member; one that is gone already is none to be removed again. Throws EtcdError. */
export async function takeOut({ id }: Pick<MemberStatus, 'id'>, { client, clock }: TakeOutParts): Promise<void> {
  let isAgain = false;
  const remove = async (): Promise<void> => {
    try {
      await client.changeMembers({ method: 'MemberRemove', request: { ID: id } });
    } catch (thrown) {
      const isGone = thrown instanceof EtcdError && thrown.code === status.NOT_FOUND;
      if (!isAgain || !isGone) throw thrown;
    } finally {
      isAgain = true;
    }
  };
  const mends = (thrown: unknown): boolean => thrown instanceof EtcdError && thrown.isOfEndpoint;
  await patiently(remove, { clock, withinMs: TAKE_OUT_MS, pauseMs: TRY_AGAIN_MS, mends });
}

type TakeOutParts = Pick<MemberChangeParts, 'clock'> & { readonly client: Pick<EtcdClient, 'changeMembers'> };

/** Makes a voter that answers the leader: the one with this id or name, or any other where it is empty. Throws AppError('conflict'). */
export async function transferLeader(idOrName: string, parts: MemberChangeParts): Promise<void> {
  const { members } = parts;
  const leader = members.find(({ isLeader }) => isLeader);
  const next = members.find(
    (each) => !each.isLearner && each.silentMs === 0 && (idOrName === '' ? !each.isLeader : isCalled(each, idOrName)),
  );
  if (!leader || !next)
    throw new AppError(
      'conflict',
      'cannot transfer leadership: there is no leader, or no other voting server that answers',
    );
  if (!next.isLeader) await moveLeader(leader, next, parts);
}

/** Leadership goes from this member, if it has it, to another that answers, so that nobody waits for an election. */
export async function handOver(member: MemberStatus, parts: MemberChangeParts): Promise<void> {
  const next = parts.members.find(({ id, isLearner, silentMs }) => id !== member.id && !isLearner && silentMs === 0);
  if (member.isLeader && member.silentMs === 0 && next) await moveLeader(member, next, parts);
}

/** The leader itself has to be asked. */
async function moveLeader(leader: MemberStatus, next: MemberStatus, { connect }: MemberChangeParts): Promise<void> {
  const client = connect(leader.clientUrls);
  try {
    const [endpoint] = client.endpoints.all;
    if (endpoint) await client.moveLeader(endpoint, next.id);
  } catch (thrown) {
    throw appErrorOf(thrown);
  } finally {
    client.close();
  }
}
