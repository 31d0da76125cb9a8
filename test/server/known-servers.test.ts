import { expect, it } from 'vitest';
import type { Member } from '../../src/discovery/members/index.js';
import { DEFAULT_AUTOPILOT, judgeServers } from '../../src/discovery/operator/index.js';
import { knownServers } from '../../src/server/known-servers.js';

const server = (name: string, status: Member['status'] = 'alive'): Member => ({
  ...{ name, address: '10.0.0.1', port: 8301, tags: { role: 'consul', id: `id-${name}`, port: '8300' } },
  ...{ status, sinceMs: 0 },
});
const told = new Map([
  ['id-s2', { index: 90, trailing: 3 }],
  ['id-s4', { index: 10, trailing: 251 }],
]);
const servers = (...members: Member[]) =>
  knownServers(members, 's1', { id: 'id-s1', index: 1000, indexOf: (id) => told.get(id) });

it('every server is shown with the index that it told of itself, and with none where it told none', () => {
  expect(servers(server('s1'), server('s2'), server('s3')).map(({ lastIndex }) => lastIndex)).toEqual([1000, 90, 0]);
});

it('a server is unhealthy for what it lagged behind when it told, not for the time that has passed since', () => {
  const { servers: judged } = judgeServers(
    servers(server('s1'), server('s2'), server('s3'), server('s4'), server('s5', 'failed')),
    DEFAULT_AUTOPILOT,
  );
  expect(judged.map(({ healthy }) => healthy)).toEqual([true, true, true, false, false]);
});
