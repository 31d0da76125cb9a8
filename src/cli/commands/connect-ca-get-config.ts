import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { printJson } from '../json.js';

/** `connect ca get-config`. */
export const connectCaGetConfig = defineCommand({
  usage: '[options]',
  about: 'Prints the configuration of the certificate authority as JSON.',
  examples: [{ says: 'The present configuration:', type: 'connect ca get-config' }],
  flags: {},
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, io }) => {
    try {
      io.out(`${printJson(await agent.get('/v1/connect/ca/configuration'), '\t')}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, 'Error querying CA configuration', thrown);
    }
  },
});
