import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { textFlag } from '../flags/flag.js';
import { AgentError } from '../http/agent-error.js';
import { asList, asText, parseJson } from '../json.js';
import { kvPath } from './kv-entry.js';

/** `kv list`: the keys under a prefix, one per line. A verb of our own. */
export const kvList = defineCommand({
  usage: '[options] [PREFIX]',
  about: 'Lists the keys that start with a prefix, one per line: all of them, or with -separator one level.',
  examples: [
    { says: 'All keys:', type: 'kv list' },
    { says: 'One level under "redis/":', type: 'kv list -separator=/ redis/' },
  ],
  flags: { separator: textFlag('List keys only up to the next separator behind the prefix.') },
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, args: [prefix = ''], flags, io }) => {
    try {
      const query = { keys: true as const, ...(flags.separator === '' ? {} : { separator: flags.separator }) };
      const answer = await agent.request({ path: kvPath(prefix.replace(/^\//, '')), query });
      if (answer.status !== 200 && answer.status !== 404)
        throw AgentError.fromAnswer(answer.status, answer.body.toString());
      const keys = answer.status === 404 ? [] : asList(parseJson(answer.body.toString()));
      io.out(keys.map((key) => `${asText(key)}\n`).join(''));
      return 0;
    } catch (thrown) {
      return failure(io, 'Error listing keys', thrown);
    }
  },
});
