import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { choiceFlag } from '../flags/flag.js';
import { asList, printJson } from '../json.js';
import { proxyView } from './proxy-view.js';

/** `proxies list`: which proxies there are, and whether each has what it should have. */
export const proxiesList = defineCommand({
  usage: '[options]',
  about: 'Lists the proxies that are connected, or were lately, and whether each has accepted its configuration.',
  examples: [{ says: 'All proxies:', type: 'proxies list' }],
  flags: { format: choiceFlag('How to print it.', ['pretty', 'json'], 'pretty') },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    try {
      const answer = await agent.get('/v1/mesh/proxies');
      if (flags.format === 'json') io.out(`${printJson(answer, '    ')}\n`);
      else {
        const found = asList(answer).map(proxyView);
        if (found.length === 0) io.err('No proxy has connected yet.\n');
        else
          io.out(
            columns([
              ['Node', 'Proxy', 'Service', 'State', 'Envoy', 'Configuration', 'Refused', 'Index'],
              ...found.map((one) => [
                one.node,
                one.id,
                one.service,
                one.state,
                one.version,
                one.pending ? 'pending' : 'current',
                one.refused,
                one.acceptedIndex,
              ]),
            ]),
          );
      }
      return 0;
    } catch (thrown) {
      return failure(io, 'Error listing proxies', thrown);
    }
  },
});
