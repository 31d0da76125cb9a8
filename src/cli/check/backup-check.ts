import { parseDurationMs } from '../../core/duration.js';
import type { AgentClient } from '../http/agent-client.js';
import { asList, asRecord, asText } from '../json.js';
import { fine, type Finding, type InstallationCheck, problem, skipped, warning } from './installation-check.js';

/** As which `snapshot agent` is registered, unless it is told otherwise. */
const AGENT_SERVICE = 'consul-snapshot';
const SAVING = 'Consul Snapshot Agent Saving Snapshots';

/** Backups: of the servers themselves, or of `snapshot agent`. */
export const backupCheck: InstallationCheck = {
  id: 'old-backup',
  about: 'Backups are taken, and the newest is younger than two intervals',
  fix: 'Look at the error and the log of the server that is named; without any, configure backup or run `snapshot agent`: docs/operations.md says how.',
  async run({ agent, nowMs }) {
    const { status, body } = await agent.request({ path: '/v1/mesh/backups' });
    if (status !== 200) return skipped(`the servers do not tell of backups (${status})`);
    const report = asRecord(JSON.parse(body.toString()));
    return report['Configured'] === true ? ofServers(report, nowMs()) : ofSnapshotAgents(agent);
  },
};

function ofServers(report: Readonly<Record<string, unknown>>, nowMs: number): Finding {
  const [newest, failure] = [asRecord(report['Newest']), asRecord(report['Failure'])];
  const error = asText(failure['Error']);
  const because = error === '' ? '' : `; ${asText(report['Server'])}: ${error}`;
  const atMs = Date.parse(asText(newest['At']));
  if (Number.isNaN(atMs)) {
    if (error !== '') return problem(`there is none in ${asText(report['Place'])}${because}`);
    return warning(`there is none in ${asText(report['Place'])} yet`);
  }
  const says = `the newest is of ${asText(newest['At'])}${because}`;
  const intervalMs = parseDurationMs(asText(report['Interval'])) ?? 0;
  if (nowMs - atMs > 2 * intervalMs) return problem(says);
  return error === '' ? fine : warning(says);
}

async function ofSnapshotAgents(agent: AgentClient): Promise<Finding> {
  const checks = asList(await agent.get(`/v1/health/checks/${AGENT_SERVICE}`)).map(asRecord);
  const saving = checks.filter((check) => asText(check['Name']) === SAVING);
  if (saving.length === 0) return warning('the servers take none, and no snapshot agent leads');
  const failing = saving.filter((check) => asText(check['Status']) !== 'passing');
  if (failing.length < saving.length) return fine;
  return problem(failing.map((check) => `${asText(check['Node'])}: ${asText(check['Output'])}`).join('; '));
}
