import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { asList, asRecord, asText } from '../json.js';

const HEADER = ['Node', 'ID', 'Address', 'State', 'Voter', 'RaftProtocol', 'Commit Index', 'Trails Leader By'];

/** `operator raft list-peers`: a table of the servers. */
export const operatorRaftListPeers = defineCommand({
  usage: '[options]',
  about: 'Lists the servers with their state and how far each has come.',
  examples: [{ says: 'All servers:', type: 'operator raft list-peers' }],
  flags: {},
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, io }) => {
    try {
      const servers = asList(asRecord(await agent.get('/v1/operator/raft/configuration'))['Servers']).map(asRecord);
      const leader = Number(servers.find(({ Leader }) => Leader === true)?.['LastIndex'] ?? 0);
      io.out(columns([HEADER, ...servers.map((server) => row(server, leader))]));
      return 0;
    } catch (thrown) {
      return failure(io, 'Error getting peers', thrown);
    }
  },
});

function row(server: Readonly<Record<string, unknown>>, leaderIndex: number): readonly string[] {
  const isLeader = server['Leader'] === true;
  const index = Number(server['LastIndex']);
  // What was said some moments ago may be newer than what the leader said.
  const behind = Math.max(0, leaderIndex - index);
  return [
    asText(server['Node']),
    asText(server['ID']),
    asText(server['Address']),
    isLeader ? 'leader' : 'follower',
    asText(server['Voter']),
    asText(server['ProtocolVersion']),
    asText(server['LastIndex']),
    isLeader || index === 0 || leaderIndex === 0 ? '-' : `${behind} commit${behind === 1 ? '' : 's'}`,
  ];
}
