import { defineCommand } from '../command.js';
import { messageOf, refuse } from '../failure.js';
import { switchFlag } from '../flags/flag.js';
import { segment } from '../http/agent-client.js';

/** `join`: makes the agent join others. */
export const join = defineCommand({
  usage: '[options] ADDRESS…',
  about: 'Makes the agent join a cluster by contacting at least one of its members.',
  examples: [{ says: 'Join through a member:', type: 'join 10.0.0.5' }],
  flags: { wan: switchFlag('Join servers of another datacenter.') },
  maxArgs: Number.MAX_SAFE_INTEGER,
  reachesAgent: true,
  run: async ({ agent, args, flags, io }) => {
    if (args.length === 0) return refuse(io, 'At least one address to join must be specified.');
    let joined = 0;
    for (const address of args) {
      try {
        await agent.put(`/v1/agent/join/${segment(address)}`, undefined, flags.wan ? { wan: '1' } : {});
        joined += 1;
      } catch (thrown) {
        io.err(`Error joining address '${address}': ${messageOf(thrown)}\n`);
      }
    }
    if (joined === 0) return refuse(io, 'Failed to join any nodes.');
    io.out(`Successfully joined cluster by contacting ${joined} nodes.\n`);
    return 0;
  },
});
