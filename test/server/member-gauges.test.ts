import { expect, it } from 'vitest';
import type { ServerPeer } from '../../src/cluster/index.js';
import type { Member } from '../../src/discovery/members/index.js';
import { memberGauges } from '../../src/server/member-gauges.js';

const member = (name: string, role: 'consul' | 'node', status: Member['status']): Member => ({
  ...{ name, address: '', port: 0, tags: { role }, status, sinceMs: 0 },
});
const members = [
  member('s1', 'consul', 'alive'),
  member('S2', 'consul', 'alive'),
  member('s3', 'consul', 'alive'),
  member('s4', 'consul', 'failed'),
  member('web', 'node', 'alive'),
  member('db', 'node', 'failed'),
  member('old', 'node', 'left'),
];
const peers = { all: () => ['s1', 's2'].map((name) => ({ name }) as ServerPeer) };
type Cluster = NonNullable<Parameters<typeof memberGauges>[1]>;

it('members are counted by state, and the servers that are and are not reached from here', () => {
  const cluster = { heartbeats: () => 7, peers } as unknown as Cluster;
  expect(memberGauges(members, cluster)).toEqual({
    'consul.members.servers': 3,
    'consul.members.clients': 1,
    'meshwright.members.alive': 4,
    'meshwright.members.failed': 2,
    'meshwright.members.left': 1,
    'meshwright.cluster.heartbeats': 7,
    'meshwright.cluster.servers_reached': 1,
    'meshwright.cluster.servers_unreached': 1,
  });
});

it('a server without a cluster door has members, one that is alone has none', () => {
  expect(Object.keys(memberGauges(members, undefined))).not.toContain('meshwright.cluster.heartbeats');
  expect(memberGauges(undefined, undefined)).toEqual({});
});
