import { formatDurationMs, parseDurationMs } from '../../core/duration.js';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { durationFlag, numberFlag, switchFlag, textFlag } from '../flags/flag.js';
import { asRecord, asText } from '../json.js';

/** `operator autopilot set-config`: changes what is given, and nothing that another has changed meanwhile. */
export const operatorAutopilotSetConfig = defineCommand({
  usage: '[options]',
  about: 'Changes how servers are looked after. What is not given stays as it is.',
  examples: [
    { says: 'Keep servers that have failed:', type: 'operator autopilot set-config -cleanup-dead-servers=false' },
  ],
  flags: {
    cleanupDeadServers: switchFlag('Remove a failed server when a new one joins.'),
    disableUpgradeMigration: switchFlag('Promote servers of a newer version at once.'),
    lastContactThreshold: durationFlag(
      'How long a healthy server may be out of contact with the leader.',
      parseDurationMs,
    ),
    maxTrailingLogs: numberFlag('How many entries a healthy server may lag behind.', 0, 'uint'),
    minQuorum: numberFlag('How many servers must be left for dead ones to be removed.', 0, 'uint'),
    redundancyZoneTag: textFlag('Node metadata that names the zone of a server.'),
    serverStabilizationTime: durationFlag('How long a new server must be healthy before it votes.', parseDurationMs),
    upgradeVersionTag: textFlag('Node metadata that names the version of a server.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, isGiven, io }) => {
    try {
      const present = asRecord(await agent.get('/v1/operator/autopilot/configuration'));
      const changed: Record<string, unknown> = { ...present };
      for (const [key, field] of SETTINGS)
        if (isGiven(key)) changed[field] = DURATIONS.has(key) ? formatDurationMs(Number(flags[key])) : flags[key];
      const done = await agent.put('/v1/operator/autopilot/configuration', changed, {
        cas: asText(present['ModifyIndex']),
      });
      if (done.trim() !== 'true')
        return refuse(io, 'Configuration could not be atomically updated: somebody else changed it, try again');
      io.out('Configuration updated!\n');
      return 0;
    } catch (thrown) {
      return failure(io, 'Error updating Autopilot configuration', thrown);
    }
  },
});

const SETTINGS = [
  ['cleanupDeadServers', 'CleanupDeadServers'],
  ['disableUpgradeMigration', 'DisableUpgradeMigration'],
  ['lastContactThreshold', 'LastContactThreshold'],
  ['maxTrailingLogs', 'MaxTrailingLogs'],
  ['minQuorum', 'MinQuorum'],
  ['redundancyZoneTag', 'RedundancyZoneTag'],
  ['serverStabilizationTime', 'ServerStabilizationTime'],
  ['upgradeVersionTag', 'UpgradeVersionTag'],
] as const;
const DURATIONS: ReadonlySet<string> = new Set(['lastContactThreshold', 'serverStabilizationTime']);
