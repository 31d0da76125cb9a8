import type { AgentClient } from '../http/agent-client.js';
import { asRecord, asText } from '../json.js';
import { type Finding, fine, type InstallationCheck, problem, skipped, warning } from './installation-check.js';

/** What etcd takes unless it is told otherwise. */
const DEFAULT_QUOTA_BYTES = 2 * 2 ** 30;
const FULL_SHARE = 0.8;
const MIB = 2 ** 20;

interface Member {
  readonly name: string;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** The members of etcd, as the servers see them (`/v1/operator/autopilot/state`). */
export const etcdChecks: readonly InstallationCheck[] = [
  {
    id: 'old-etcd',
    about: 'Every etcd is of version 3.5.6, 3.6 or later, and all are of one version',
    fix: 'Upgrade the members that are named, one after the other: older ones can lose changes.',
    run: ({ agent }) =>
      lookAt(agent, (members) => {
        const told = members.map(({ name, meta }) => ({ name, version: asText(meta['etcd_version']) }));
        const old = told.filter(({ version }) => version !== '' && !isTrusted(version));
        if (old.length > 0)
          return problem(`older: ${old.map(({ name, version }) => `${name} (${version})`).join(', ')}`);
        const minors = new Set(told.flatMap(({ version }) => /^\d+\.\d+/.exec(version)?.[0] ?? []));
        return minors.size > 1 ? warning(`they are of versions ${[...minors].sort().join(', ')}`) : fine;
      }),
  },
  {
    id: 'etcd-space',
    about: `The data of etcd fill less than ${FULL_SHARE * 100} % of its quota`,
    fix: 'Run `etcdctl defrag` on each member, or raise its quota (--quota-backend-bytes; state.etcd.quota_bytes of a managed one): a full etcd takes no writes.',
    run: ({ agent }) =>
      lookAt(agent, (members) => {
        const full = members.flatMap(({ name, meta }) => {
          const size = Number(asText(meta['etcd_db_size_bytes']) || 0);
          const quota = Number(asText(meta['etcd_quota_bytes']) || DEFAULT_QUOTA_BYTES);
          if (size < quota * FULL_SHARE) return [];
          return [`${name} has ${Math.floor(size / MIB)} MiB of ${Math.floor(quota / MIB)} MiB`];
        });
        return full.length === 0 ? fine : warning(full.join(', '));
      }),
  },
  {
    id: 'etcd-alarm',
    about: 'No member of etcd raises an alarm',
    fix: 'NOSPACE: compact, defragment, then `etcdctl alarm disarm`. CORRUPT: replace that member. docs/state.md says more.',
    run: ({ agent }) =>
      lookAt(agent, (members) => {
        const alarms = members.flatMap(({ name, meta }) => {
          const alarm = asText(meta['etcd_alarms']);
          return alarm === '' ? [] : [`${name}: ${alarm}`];
        });
        return alarms.length === 0 ? fine : problem(alarms.join(', '));
      }),
  },
];

async function lookAt(agent: AgentClient, judge: (members: readonly Member[]) => Finding): Promise<Finding> {
  const { status, body } = await agent.request({ path: '/v1/operator/autopilot/state' });
  if (status !== 200)
    return skipped(`autopilot answers with ${status}: ${body.toString().trim().split('\n')[0] ?? ''}`);
  const servers = Object.values(asRecord(asRecord(JSON.parse(body.toString()) as unknown)['Servers'])).map(asRecord);
  const members = servers.map((server) => ({ name: asText(server['Name']), meta: asRecord(server['Meta']) }));
  // Where the state is in no etcd, or its user may not ask, there is nothing to look at.
  return judge(members.filter(({ meta }) => 'etcd_version' in meta));
}

function isTrusted(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  return major > 3 || (major === 3 && (minor > 5 || (minor === 5 && patch >= 6)));
}
