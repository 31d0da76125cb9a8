import { mayRemove, type SeenMember } from '../etcd-members/index.js';

export interface ReplacementRules {
  /** `autopilot.cleanup_dead_servers`. */
  readonly cleanupDeadServers: boolean;
  /** Who is silent for longer is dead. */
  readonly deadAfterMs: number;
  /** `autopilot.min_quorum`: never fewer voters than that; 0 = no limit. */
  readonly minQuorum: number;
}

export type MemberChange = { readonly type: 'remove' | 'promote'; readonly member: SeenMember };

/**
 * What to change next, if anything: a learner that never came makes room; a dead voter makes room for a new server (a learner, or one
 * that waits to become one: `someoneWaits`), but not when the voters that are left would have no majority of answering ones, nor
 * below `minQuorum`; then the learner becomes a voter.
 */
export function nextChange(
  members: readonly SeenMember[],
  rules: ReplacementRules,
  someoneWaits: boolean,
): MemberChange | undefined {
  const { cleanupDeadServers, deadAfterMs } = rules;
  const learners = members.filter(({ isLearner }) => isLearner);
  const lost = learners.find(({ silentMs }) => silentMs > deadAfterMs);
  if (lost && cleanupDeadServers) return { type: 'remove', member: lost };
  const waiting = learners.find(({ name, silentMs }) => name !== '' && silentMs === 0);
  if (!waiting && !someoneWaits) return undefined;
  const silent = members.filter((member) => !member.isLearner && member.silentMs > 0);
  const dead = silent.find((member) => member.silentMs > deadAfterMs && mayRemove(members, member, rules));
  if (dead && cleanupDeadServers) return { type: 'remove', member: dead };
  // Who is silent may soon be dead: promoting first would make a majority harder to have.
  const mayBeReplaced = cleanupDeadServers && silent.some((member) => mayRemove(members, member, rules));
  return mayBeReplaced || !waiting ? undefined : { type: 'promote', member: waiting };
}
