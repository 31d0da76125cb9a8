import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { asList, asText } from '../json.js';

/** `catalog datacenters`: one name per line, the nearest first. */
export const catalogDatacenters = defineCommand({
  usage: '[options]',
  about: 'Lists all known datacenters, the nearest first.',
  examples: [{ says: 'All datacenters:', type: 'catalog datacenters' }],
  flags: {},
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, io }) => {
    try {
      for (const name of asList(await agent.get('/v1/catalog/datacenters'))) io.out(`${asText(name)}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, 'Error listing datacenters', thrown);
    }
  },
});
