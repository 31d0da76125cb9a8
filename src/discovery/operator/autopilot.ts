import { AppError } from '../../core/index.js';
import type { AutopilotRecord, Cell, Draft, MeshView } from '../../model/index.js';
import type { CommitResult, StateStore } from '../../state/index.js';
import type { ServerMember } from './server-member.js';

export type AutopilotSettings = Draft<AutopilotRecord>;

/** consul-behaviour.md 3.2, `autopilot`. */
export const DEFAULT_AUTOPILOT: AutopilotSettings = {
  cleanupDeadServers: true,
  lastContactThresholdMs: 200,
  maxTrailingLogs: 250,
  minQuorum: 0,
  serverStabilizationTimeMs: 10_000,
  redundancyZoneTag: '',
  disableUpgradeMigration: false,
  upgradeVersionTag: '',
};

/** The settings that hold: those that were stored, else the defaults with both indexes 0. Key: ''. */
export const autopilotCell: Cell<AutopilotRecord> = { kind: 'autopilot', compute: readAutopilot };

function readAutopilot(view: MeshView): AutopilotRecord {
  return view.get('autopilot', 'config') ?? { ...DEFAULT_AUTOPILOT, createIndex: 0, modifyIndex: 0 };
}

/** Stores settings; with `cas` only if their ModifyIndex is that (0: only if none are stored). False when it does not fit. */
export function writeAutopilot(
  store: StateStore,
  settings: AutopilotSettings,
  cas?: bigint,
): Promise<CommitResult<boolean>> {
  for (const [name, value] of [
    ['LastContactThreshold', settings.lastContactThresholdMs],
    ['MaxTrailingLogs', settings.maxTrailingLogs],
    ['MinQuorum', settings.minQuorum],
    ['ServerStabilizationTime', settings.serverStabilizationTimeMs],
  ] as const)
    if (value < 0) throw new AppError('invalidArgument', `${name} must not be negative`);
  return store.transact('autopilot', (transaction) => {
    if (cas !== undefined && cas !== BigInt(readAutopilot(transaction).modifyIndex)) return false;
    transaction.put('autopilot', settings);
    return true;
  });
}

export interface JudgedServer extends ServerMember {
  readonly healthy: boolean;
}

/** All servers with what autopilot thinks of them. */
export interface ServerHealth {
  readonly healthy: boolean;
  /** How many voters may fail before there is no majority. */
  readonly failureTolerance: number;
  readonly servers: readonly JudgedServer[];
}

/** Healthy is who is alive, has heard of the leader in time, lags behind by few entries and raises no alarm (consul-behaviour.md 11.1). */
export function judgeServers(servers: readonly ServerMember[], settings: AutopilotSettings): ServerHealth {
  const judged = servers.map((server) => ({
    ...server,
    healthy:
      server.status === 'alive' &&
      (server.alarms ?? []).length === 0 &&
      server.lastContactMs <= settings.lastContactThresholdMs &&
      // Indexes of two servers that were not seen at the same moment say nothing.
      (server.trailing ?? 0) <= settings.maxTrailingLogs,
  }));
  const voters = judged.filter(({ voter }) => voter);
  const quorum = Math.floor(voters.length / 2) + 1;
  const hasLeader = judged.some(({ leader }) => leader);
  return {
    healthy: hasLeader && judged.every(({ healthy }) => healthy),
    failureTolerance: Math.max(0, voters.filter(({ healthy }) => healthy).length - quorum),
    servers: judged,
  };
}
