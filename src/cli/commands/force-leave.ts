import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { switchFlag } from '../flags/flag.js';
import { segment } from '../http/agent-client.js';

/** `force-leave`: a failed member counts as left. */
export const forceLeave = defineCommand({
  usage: '[options] NODE',
  about: 'Makes a failed member count as left, so that nobody tries to reach it any more.',
  examples: [{ says: 'Give up on vm-7:', type: 'force-leave vm-7' }],
  flags: {
    prune: switchFlag('Remove the member from the list altogether.'),
    wan: switchFlag('The member is a server of another datacenter.'),
  },
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, args: [node], flags, io }) => {
    if (node === undefined) return refuse(io, 'A single node name must be specified to force leave.');
    try {
      const query = { ...(flags.prune ? { prune: '1' } : {}), ...(flags.wan ? { wan: '1' } : {}) };
      await agent.put(`/v1/agent/force-leave/${segment(node)}`, undefined, query);
      return 0;
    } catch (thrown) {
      return failure(io, 'Error force leaving', thrown);
    }
  },
});
