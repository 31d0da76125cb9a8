import { formatHostPort } from '../core/index.js';
import type { Member } from '../discovery/members/index.js';
import type { ServerMember } from '../discovery/operator/index.js';

/** How far this server has come, and what the others said of themselves. */
export interface OwnIndex {
  readonly id: string;
  readonly index: number;
  readonly indexOf: (id: string) => { readonly index: number; readonly trailing: number } | undefined;
}

/** The servers among the members, as raft and autopilot tell of them: `leader` has the duty of looking after members. */
export function knownServers(
  members: readonly Member[],
  leader: string | undefined,
  { id, index, indexOf }: OwnIndex,
): readonly ServerMember[] {
  return members.flatMap(({ name, address, tags, status, sinceMs }) => {
    if (tags['role'] !== 'consul' || status === 'left' || status === 'leaving') return [];
    const told = tags['id'] === id ? { index, trailing: 0 } : indexOf(tags['id'] ?? '');
    return {
      id: tags['id'] ?? '',
      name,
      address: formatHostPort({ host: address, port: Number(tags['port'] ?? 0) }),
      version: tags['build']?.split(':')[0] ?? '',
      status,
      leader: name === leader,
      voter: true,
      lastContactMs: 0,
      lastTerm: 1,
      lastIndex: told?.index ?? 0,
      ...(told && { trailing: told.trailing }),
      stableSinceMs: sinceMs,
      meta: {},
    };
  });
}
