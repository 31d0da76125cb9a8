import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { choiceFlag, textFlag } from '../flags/flag.js';
import { asList, asRecord, asText, printJson } from '../json.js';

/** `services exported-services`: which services others may use, wildcards resolved. */
export const servicesExportedServices = defineCommand({
  usage: '[options]',
  about: 'Lists the services that peers may use, and which peers may.',
  examples: [{ says: 'All of them:', type: 'services exported-services' }],
  flags: {
    filter: textFlag('Filter expression for the services.'),
    format: choiceFlag('How to print it.', ['pretty', 'json'], 'pretty'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags: { filter, format }, io }) => {
    try {
      const found = asList(await agent.get('/v1/exported-services', filter === '' ? {} : { filter }));
      if (format === 'json') io.out(`${printJson(found, '    ')}\n`);
      else if (found.length === 0) io.out('No exported services found\n');
      else
        io.out(
          columns([
            ['Service', 'Consumer Peers'],
            ...found
              .map(asRecord)
              .map((one) => [
                asText(one['Service']),
                asList(asRecord(one['Consumers'])['Peers']).map(asText).join(', '),
              ]),
          ]),
        );
      return 0;
    } catch (thrown) {
      return failure(io, 'Error listing exported services', thrown);
    }
  },
});
