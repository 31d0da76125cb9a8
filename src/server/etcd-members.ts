import type { AgentConfig } from '../agent/config/index.js';
import type { MemberStatus } from '../cluster/etcd-members/index.js';
import { formatHostPort } from '../core/index.js';
import type { ServerMember } from '../discovery/operator/index.js';
import { hexId } from '../state/backend/etcd/index.js';
import type { StateStore } from '../state/index.js';
import type { OpenCluster } from './open-cluster.js';
import { API_VERSION } from './versions.js';

/** All servers by their etcd members, as operators see them. Names and addresses come from the door, else from the catalog. */
export function membersAsServers(
  config: AgentConfig,
  members: readonly MemberStatus[],
  cluster: OpenCluster,
  store: StateStore,
): ServerMember[] {
  const reached = new Map(cluster.peers.all().map((peer) => [peer.id, peer]));
  const nodes = new Map(store.view.range('nodes', 'all', []).map((node) => [node.id, node]));
  const leading = leadingIndex(members);
  return members.map((member) => {
    const id = member.name;
    const [peer, node] = [reached.get(id), nodes.get(id)];
    const host = node?.address ?? peerHost(member)?.hostname.replace(/^\[|\]$/g, '') ?? '';
    return {
      ...common(member, leading),
      id: id || member.id,
      name: peer?.name ?? node?.node ?? '(unknown)',
      address: peer?.address ?? formatHostPort({ host, port: config.ports.server }),
      version: peer?.version ?? API_VERSION,
    };
  });
}

/** The members of an etcd that others run, as operators see them: by etcd's own ids, names and addresses. */
export function membersAsVoters(members: readonly MemberStatus[]): ServerMember[] {
  const leading = leadingIndex(members);
  return members.map((member) => ({
    ...common(member, leading),
    id: hexId(member.id),
    name: member.name || '(not started)',
    address: peerHost(member)?.host ?? '',
    version: member.version,
  }));
}

/** How far the leader is; all members were asked at the same time. */
const leadingIndex = (members: readonly MemberStatus[]): number =>
  Math.max(0, ...members.map(({ isLeader, appliedIndex }) => (isLeader ? appliedIndex : 0)));

function common(member: MemberStatus, leading: number): Omit<ServerMember, 'id' | 'name' | 'address' | 'version'> {
  return {
    status: member.silentMs === 0 ? 'alive' : 'failed',
    leader: member.isLeader,
    voter: !member.isLearner,
    lastContactMs: member.silentMs,
    lastTerm: member.term,
    lastIndex: member.appliedIndex,
    trailing: leading - member.appliedIndex,
    stableSinceMs: member.sinceMs,
    alarms: member.alarms,
    meta: {
      etcd_version: member.version,
      etcd_raft_index: String(member.raftIndex),
      etcd_db_size_bytes: String(member.dbSizeBytes),
      etcd_db_in_use_bytes: String(member.dbInUseBytes),
      ...(member.quotaBytes > 0 && { etcd_quota_bytes: String(member.quotaBytes) }),
      ...(member.alarms.length > 0 && { etcd_alarms: member.alarms.join(' ') }),
    },
  };
}

/** Figures of etcd for who watches it; none where its members are not known. */
export function etcdGauges(members: readonly MemberStatus[]): Readonly<Record<string, number>> {
  const answering = members.filter(({ silentMs }) => silentMs === 0);
  if (answering.length === 0) return members.length === 0 ? {} : { 'meshwright.etcd.members_silent': members.length };
  const most = (figure: (member: MemberStatus) => number): number => Math.max(...answering.map(figure));
  const newest = most(({ raftIndex }) => raftIndex);
  return {
    'meshwright.etcd.members': members.length,
    'meshwright.etcd.members_silent': members.length - answering.length,
    'meshwright.etcd.learners': members.filter(({ isLearner }) => isLearner).length,
    'meshwright.etcd.has_leader': answering.some(({ isLeader }) => isLeader) ? 1 : 0,
    'meshwright.etcd.term': most(({ term }) => term),
    'meshwright.etcd.raft_index': newest,
    'meshwright.etcd.lag_entries': most(({ appliedIndex }) => Math.max(0, newest - appliedIndex)),
    'meshwright.etcd.db_size_bytes': most(({ dbSizeBytes }) => dbSizeBytes),
    'meshwright.etcd.db_in_use_bytes': most(({ dbInUseBytes }) => dbInUseBytes),
    'meshwright.etcd.quota_bytes': most(({ quotaBytes }) => quotaBytes),
    'meshwright.etcd.alarms': members.reduce((sum, { alarms }) => sum + alarms.length, 0),
  };
}

const peerHost = ({ peerUrls: [url = ''] }: MemberStatus): URL | undefined =>
  URL.canParse(url) ? new URL(url) : undefined;
