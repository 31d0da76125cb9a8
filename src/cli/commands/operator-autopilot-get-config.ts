import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { asRecord, asText } from '../json.js';

const SETTINGS = [
  'CleanupDeadServers',
  'LastContactThreshold',
  'MaxTrailingLogs',
  'MinQuorum',
  'ServerStabilizationTime',
  'RedundancyZoneTag',
  'DisableUpgradeMigration',
  'UpgradeVersionTag',
];
const QUOTED = new Set(['RedundancyZoneTag', 'UpgradeVersionTag']);

/** `operator autopilot get-config`. */
export const operatorAutopilotGetConfig = defineCommand({
  usage: '[options]',
  about: 'Prints how servers are looked after.',
  examples: [{ says: 'The present settings:', type: 'operator autopilot get-config' }],
  flags: {},
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, io }) => {
    try {
      const config = asRecord(await agent.get('/v1/operator/autopilot/configuration'));
      const shown = (name: string): string =>
        QUOTED.has(name) ? JSON.stringify(asText(config[name])) : asText(config[name]);
      io.out(SETTINGS.map((name) => `${name} = ${shown(name)}\n`).join(''));
      return 0;
    } catch (thrown) {
      return failure(io, 'Error querying Autopilot configuration', thrown);
    }
  },
});
