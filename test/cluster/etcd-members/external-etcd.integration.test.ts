import { expect, it, onTestFinished } from 'vitest';
import { watchExternalEtcd } from '../../../src/cluster/etcd-members/index.js';
import { systemClock } from '../../../src/core/index.js';
import { until } from '../../support/envoy-rig/index.js';
import { anyEtcd, startEtcd } from '../../support/etcd/index.js';

it('an etcd that others run is seen member by member; leadership is moved, who is dead is removed, and never the majority', async () => {
  const binary = anyEtcd();
  if (!binary) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
  const etcd = await startEtcd({ binary, members: 3, flags: ['--unsafe-no-fsync'] });
  onTestFinished(() => etcd.stop());
  const told: string[] = [];
  const external = watchExternalEtcd(
    { endpoints: etcd.endpoints },
    { clock: systemClock, info: (text) => told.push(text) },
  );
  onTestFinished(() => external.close());
  const seen = (isSo: () => boolean, what: string): Promise<unknown> => until(what, () => Promise.resolve(isSo()));
  const byName = (name: string) => external.members.find((member) => member.name === name);
  const leader = (): string | undefined => external.members.find(({ isLeader }) => isLeader)?.name;

  await seen(() => leader() !== undefined && external.members.every(({ silentMs }) => silentMs === 0), 'all members');
  expect(external.members.map(({ name }) => name).sort()).toEqual(['m0', 'm1', 'm2']);
  for (const member of external.members)
    expect(member).toMatchObject({ version: binary.version, isLearner: false, alarms: [] });
  expect(
    Math.min(...external.members.map(({ dbSizeBytes, raftIndex }) => Math.min(dbSizeBytes, raftIndex))),
  ).toBeGreaterThan(0);

  const next = ['m0', 'm1', 'm2'].find((name) => name !== leader()) as string;
  await external.transferLeader(next);
  await seen(() => leader() === next, 'the other to lead');

  const at = (name: string) => etcd.members[Number(name.slice(1))];
  const [dead, other] = ['m0', 'm1', 'm2'].filter((name) => name !== next) as [string, string];
  await at(dead)?.kill();
  await seen(() => (byName(dead)?.silentMs ?? 0) > 0, 'the dead one to be noticed');
  // etcd changes no members before all have been in touch for five seconds.
  const id = BigInt(byName(dead)?.id ?? 0).toString(16);
  await until('its removal', () =>
    external.removeMember(id).then(
      () => true,
      ({ message }: Error) => {
        expect(message).toContain('unhealthy cluster');
        return false;
      },
    ),
  );
  expect(external.members.map(({ name }) => name).sort()).toEqual([next, other].sort());
  expect(told.join()).toContain(`the etcd member ${dead} was removed, as asked`);

  await expect(external.removeMember('m9')).rejects.toMatchObject({ code: 'notFound' });
  await at(other)?.kill();
  await expect(external.removeMember(other)).rejects.toThrow('the members that are left would have no majority');
  expect(byName(other)).toBeDefined();
});
