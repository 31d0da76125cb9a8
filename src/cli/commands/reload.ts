import { defineCommand } from '../command.js';
import { failure } from '../failure.js';

/** `reload`: the agent reads its configuration files again. */
export const reload = defineCommand({
  usage: '[options]',
  about: 'Makes the agent read its configuration files again. If they are wrong, nothing changes.',
  examples: [{ says: 'Reload the local agent:', type: 'reload' }],
  flags: {},
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, io }) => {
    try {
      await agent.put('/v1/agent/reload');
      io.out('Configuration reload triggered\n');
      return 0;
    } catch (thrown) {
      return failure(io, 'Error reloading', thrown);
    }
  },
});
