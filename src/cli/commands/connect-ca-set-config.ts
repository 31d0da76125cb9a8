import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { fileProblem, readInput } from '../files.js';
import { switchFlag, textFlag } from '../flags/flag.js';
import { asRecord, parseJson, printJson } from '../json.js';

/** `connect ca set-config`. */
export const connectCaSetConfig = defineCommand({
  usage: '-config-file FILE [options]',
  about: 'Changes the configuration of the certificate authority to what a JSON file says.',
  examples: [{ says: 'From a file with "Provider" and "Config":', type: 'connect ca set-config -config-file ca.json' }],
  flags: {
    configFile: textFlag('JSON file with the new configuration; - means stdin.'),
    forceWithoutCrossSigning: switchFlag(
      'Change the root even if the present authority cannot cross-sign the next one. Connections fail until all proxies have the new root.',
    ),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    if (flags.configFile === '') return refuse(io, 'The -config-file flag is required');
    let text: string;
    try {
      text = (await readInput(flags.configFile, io)).toString();
    } catch (thrown) {
      return refuse(io, `Error reading config file: ${fileProblem(thrown, flags.configFile)}`);
    }
    let config: Readonly<Record<string, unknown>>;
    try {
      config = asRecord(parseJson(text));
    } catch (thrown) {
      return failure(io, 'Error parsing config file', thrown);
    }
    try {
      const body = flags.forceWithoutCrossSigning ? { ...config, ForceWithoutCrossSigning: true } : config;
      await agent.put('/v1/connect/ca/configuration', printJson(body));
      io.out('Configuration updated!\n');
      return 0;
    } catch (thrown) {
      return failure(io, 'Error setting CA configuration', thrown);
    }
  },
});
