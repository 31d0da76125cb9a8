import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { AgentError } from '../http/agent-error.js';
import { asList, parseJson, printJson } from '../json.js';
import { kvEntries, kvPath } from './kv-entry.js';

/** `kv export`: keys, flags and values under a prefix as JSON that `kv import` reads. */
export const kvExport = defineCommand({
  usage: '[options] [PREFIX]',
  about: 'Prints the keys under a prefix with their flags and values (in base64) as JSON, for `kv import`.',
  examples: [
    { says: 'Everything:', type: 'kv export > backup.json' },
    { says: 'What is under a prefix:', type: 'kv export redis/ > redis.json' },
  ],
  flags: {},
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, args: [prefix = ''], io }) => {
    try {
      const answer = await agent.request({ path: kvPath(prefix.replace(/^\//, '')), query: { recurse: true } });
      if (answer.status !== 200 && answer.status !== 404)
        throw AgentError.fromAnswer(answer.status, answer.body.toString());
      const entries = answer.status === 404 ? [] : kvEntries(asList(parseJson(answer.body.toString())));
      const rows = entries.map(({ key, flags, value }) => ({ key, flags, value: value.toString('base64') }));
      io.out(`${printJson(rows, '\t')}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, 'Error querying the agent', thrown);
    }
  },
});
