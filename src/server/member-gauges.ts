import type { ClusterServer } from '../cluster/index.js';
import type { Member } from '../discovery/members/index.js';

/** What an operator watches of the members (consul-behaviour 11.8); nothing where this server is alone. */
export function memberGauges(
  members: readonly Member[] | undefined,
  cluster: Pick<ClusterServer, 'heartbeats' | 'peers'> | undefined,
): Readonly<Record<string, number>> {
  if (members === undefined) return {};
  const count = (status: Member['status'], role?: string): number =>
    members.filter(({ status: own, tags }) => own === status && (role === undefined || tags['role'] === role)).length;
  return {
    'consul.members.servers': count('alive', 'consul'),
    'consul.members.clients': count('alive', 'node'),
    'meshwright.members.alive': count('alive'),
    'meshwright.members.failed': count('failed'),
    'meshwright.members.left': count('left'),
    ...(cluster && {
      'meshwright.cluster.heartbeats': cluster.heartbeats(),
      'meshwright.cluster.servers_reached': cluster.peers.all().length - 1,
      'meshwright.cluster.servers_unreached': unreached(members, cluster),
    }),
  };
}

/** Other servers that count as alive, and that this one has no answer from. */
function unreached(members: readonly Member[], { peers }: Pick<ClusterServer, 'peers'>): number {
  const reached = new Set(peers.all().map(({ name }) => name.toLowerCase()));
  return members.filter(
    ({ name, status, tags }) => tags['role'] === 'consul' && status === 'alive' && !reached.has(name.toLowerCase()),
  ).length;
}
