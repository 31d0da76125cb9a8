import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { asRecord } from '../json.js';

/** Exit codes of `intention check` (consul-behaviour.md 3.3). */
const DENIED = 1;
const ERROR = 2;

/** `intention check`: Allowed or Denied, as text and as exit code. */
export const intentionCheck = defineCommand({
  usage: '[options] SRC DST',
  about:
    'Says whether a connection from SRC to DST would be allowed by the intentions that exist now. The exit code is 0 when allowed, 1 when denied and 2 after an error. Intentions with permissions count as denied, since they decide by request.',
  examples: [{ says: 'May web call api?', type: 'intention check web api' }],
  flags: {},
  maxArgs: 2,
  reachesAgent: true,
  run: async ({ agent, args: [source, destination], io }) => {
    if (source === undefined || destination === undefined)
      return refuse(io, 'Error: command requires exactly two arguments: src and dst', ERROR);
    try {
      const answer = asRecord(await agent.get('/v1/mesh/intentions/check', { source, destination }));
      const isAllowed = answer['Allowed'] === true;
      io.out(isAllowed ? 'Allowed\n' : 'Denied\n');
      return isAllowed ? 0 : DENIED;
    } catch (thrown) {
      return failure(io, 'Error checking the connection', thrown, ERROR);
    }
  },
});
