import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { textFlag } from '../flags/flag.js';
import { asList } from '../json.js';
import { intentionView } from './intention-text.js';

/** `intention list`: a table of all intentions. */
export const intentionList = defineCommand({
  usage: '[options]',
  about: 'Lists all intentions.',
  examples: [{ says: 'All intentions:', type: 'intention list' }],
  flags: { filter: textFlag('Filter expression for the intentions, e.g. \'SourceName == "web"\'.') },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    try {
      const query = flags.filter === '' ? {} : { filter: flags.filter };
      const found = asList(await agent.get('/v1/connect/intentions', query)).map(intentionView);
      if (found.length === 0) io.err('There are no intentions.\n');
      else
        io.out(
          columns([
            ['ID', 'Source', 'Action', 'Destination', 'Precedence'],
            ...found.map((one) => [
              one.id,
              one.source,
              one.permissions.length > 0 ? `${one.permissions.length} permissions` : one.action,
              one.destination,
              one.precedence,
            ]),
          ]),
        );
      return 0;
    } catch (thrown) {
      return failure(io, 'Error listing the intentions', thrown);
    }
  },
});
