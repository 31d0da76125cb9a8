import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { textFlag } from '../flags/flag.js';
import { AgentError } from '../http/agent-error.js';

/** `operator raft transfer-leader`. */
export const operatorRaftTransferLeader = defineCommand({
  usage: '[options]',
  about: 'Makes another server the leader.',
  examples: [{ says: 'Any other server:', type: 'operator raft transfer-leader' }],
  flags: { id: textFlag('ID of the server that shall lead.', 'uuid') },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    try {
      const answer = await agent.request({
        method: 'POST',
        path: '/v1/operator/raft/transfer-leader',
        ...(flags.id === '' ? {} : { query: { id: flags.id } }),
      });
      if (answer.status !== 200) throw AgentError.fromAnswer(answer.status, answer.body.toString());
      io.out('Success\n');
      return 0;
    } catch (thrown) {
      return failure(io, 'Error transferring leadership', thrown);
    }
  },
});
