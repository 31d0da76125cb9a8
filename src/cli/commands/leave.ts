import { defineCommand } from '../command.js';
import { failure } from '../failure.js';

/** `leave`: a graceful leave and shutdown of the agent. */
export const leave = defineCommand({
  usage: '[options]',
  about: 'Makes the agent leave its cluster gracefully and stop.',
  examples: [{ says: 'Stop the local agent:', type: 'leave' }],
  flags: {},
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, io }) => {
    try {
      await agent.put('/v1/agent/leave');
      io.out('Graceful leave complete\n');
      return 0;
    } catch (thrown) {
      return failure(io, 'Error leaving', thrown);
    }
  },
});
