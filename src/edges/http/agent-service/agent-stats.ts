import { arch, availableParallelism, cpus, platform } from 'node:os';
import type { ServerMember } from '../../../discovery/operator/index.js';
import type { AgentRequest } from '../route.js';

/**
 * `Stats` of `agent/self`, in the keys that dashboards read. What Consul's consensus and gossip count is told of what does their work
 * here: the store's index for the log's, the servers for its peers; queues that we do not have are empty.
 */
export function agentStats({
  config,
  deps,
}: Pick<AgentRequest, 'config' | 'deps'>): Record<string, Record<string, string>> {
  const { agent, knowledge } = deps;
  const { servers, index } = knowledge.asServer?.() ?? { servers: [], index: 0 };
  const self = servers.find(({ id }) => id === config.nodeId);
  const checks = [...agent.checks.values()];
  const withTtl = checks.filter(({ type }) => type === 'ttl').length;
  return {
    agent: {
      check_monitors: String(checks.length - withTtl),
      check_ttls: String(withTtl),
      checks: String(checks.length),
      services: String(agent.services.size),
    },
    build: { prerelease: '', revision: config.revision, version: config.version, version_metadata: '' },
    consul: {
      acl: config.aclEnabled ? 'enabled' : 'disabled',
      bootstrap: 'false',
      known_datacenters: '1',
      ...(self
        ? { leader: String(self.leader), leader_addr: servers.find(({ leader }) => leader)?.address ?? '' }
        : {}),
      server: String(config.server),
    },
    ...(self ? { raft: logStats(servers, self, index) } : {}),
    runtime: {
      arch: arch(),
      cpu_count: String(cpus().length),
      goroutines: String(process.getActiveResourcesInfo().length),
      max_procs: String(availableParallelism()),
      os: platform(),
      version: `node ${process.version}`,
    },
    ...(self ? { serf_lan: memberStats(servers), serf_wan: memberStats(servers) } : {}),
  };
}

function logStats(servers: readonly ServerMember[], self: ServerMember, index: number): Record<string, string> {
  const term = String(self.lastTerm);
  const listed = servers.map(
    ({ id, address, voter }) => `{Suffrage:${voter ? 'Voter' : 'Nonvoter'} ID:${id} Address:${address}}`,
  );
  return {
    applied_index: String(index),
    commit_index: String(index),
    fsm_pending: '0',
    last_contact: String(self.lastContactMs),
    last_log_index: String(index),
    last_log_term: term,
    last_snapshot_index: '0',
    last_snapshot_term: '0',
    latest_configuration: `[${listed.join(' ')}]`,
    latest_configuration_index: '0',
    num_peers: String(Math.max(0, servers.length - 1)),
    protocol_version: '3',
    protocol_version_max: '3',
    protocol_version_min: '0',
    snapshot_version_max: '1',
    snapshot_version_min: '0',
    state: self.leader ? 'Leader' : 'Follower',
    term,
  };
}

function memberStats(servers: readonly ServerMember[]): Record<string, string> {
  return {
    coordinate_resets: '0',
    encrypted: 'false',
    event_queue: '0',
    event_time: '1',
    failed: String(servers.filter(({ status }) => status !== 'alive').length),
    health_score: '0',
    intent_queue: '0',
    left: '0',
    member_time: '1',
    members: String(servers.length),
    query_queue: '0',
    query_time: '1',
  };
}
