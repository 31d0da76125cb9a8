import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { choiceFlag } from '../flags/flag.js';
import { asList, printJson } from '../json.js';
import { entryView } from './entry-view.js';

/** `entries list`: how far the proxies are with each config entry. */
export const entriesList = defineCommand({
  usage: '[options]',
  about: 'Lists all config entries: how many connected proxies each concerns, and whether they have accepted it.',
  examples: [{ says: 'All entries:', type: 'entries list' }],
  flags: { format: choiceFlag('How to print it.', ['pretty', 'json'], 'pretty') },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    try {
      const answer = await agent.get('/v1/mesh/entries');
      const found = asList(answer).map(entryView);
      if (flags.format === 'json') io.out(`${printJson(answer, '    ')}\n`);
      else if (found.length === 0) io.err('There are no config entries.\n');
      else
        io.out(
          columns([
            ['Kind', 'Name', 'State', 'Proxies', 'Pending', 'Refused', 'Problems', 'Index'],
            ...found.map((one) => [
              one.kind,
              one.name,
              one.state,
              one.proxies,
              one.pending,
              one.refused,
              one.problems,
              one.modifyIndex,
            ]),
          ]),
        );
      return 0;
    } catch (thrown) {
      return failure(io, 'Error listing the status of config entries', thrown);
    }
  },
});
