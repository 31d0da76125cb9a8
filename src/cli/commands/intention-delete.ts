import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { callIntention, intentionTarget } from './intention-target.js';

/** `intention delete`: by source and destination, or by ID. */
export const intentionDelete = defineCommand({
  usage: '[options] SRC DST',
  about: 'Deletes the intention from SRC to DST. A single argument is an ID, for intentions that have one.',
  examples: [{ says: 'Delete what was said about web and api:', type: 'intention delete web api' }],
  flags: {},
  maxArgs: 2,
  reachesAgent: true,
  run: async ({ agent, args, io }) => {
    const target = intentionTarget(args);
    if (typeof target === 'string') return refuse(io, target);
    try {
      await callIntention(agent, 'GET', target);
      await callIntention(agent, 'DELETE', target);
      io.out('Intention deleted.\n');
      return 0;
    } catch (thrown) {
      return failure(io, 'Error', thrown);
    }
  },
});
