import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { textFlag } from '../flags/flag.js';
import { segment } from '../http/agent-client.js';
import { asList, asRecord, asText } from '../json.js';

/** `config list`: the names of all entries of a kind. */
export const configList = defineCommand({
  usage: '-kind KIND [options]',
  about: 'Lists the names of all config entries of a kind.',
  examples: [{ says: 'All resolvers:', type: 'config list -kind service-resolver' }],
  flags: {
    filter: textFlag('Filter expression for the entries.'),
    kind: textFlag('Kind of the entries.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags: { kind, filter }, io }) => {
    if (kind === '') return refuse(io, 'Must specify the -kind parameter');
    try {
      const entries = asList(await agent.get(`/v1/config/${segment(kind)}`, filter === '' ? {} : { filter }));
      io.out(entries.map((entry) => `${asText(asRecord(entry)['Name'])}\n`).join(''));
      return 0;
    } catch (thrown) {
      return failure(io, `Error listing config entries for kind "${kind}"`, thrown);
    }
  },
});
