import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { switchFlag } from '../flags/flag.js';
import { asList, asRecord } from '../json.js';
import { intentionText, intentionView } from './intention-text.js';

/** `intention match`: what applies to a service, the strongest first. */
export const intentionMatch = defineCommand({
  usage: '[options] SERVICE',
  about: 'Shows the intentions that apply to a service as destination, or with -source as source, the strongest first.',
  examples: [
    { says: 'Who may call api?', type: 'intention match api' },
    { says: 'Whom may web call?', type: 'intention match -source web' },
  ],
  flags: {
    destination: switchFlag('The service is the destination. This is the default.'),
    source: switchFlag('The service is the source.'),
  },
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, args: [name], flags, io }) => {
    if (name === undefined) return refuse(io, 'Error: command requires exactly one argument: src or dst');
    if (flags.source && flags.destination)
      return refuse(io, 'Error: only one of -source or -destination may be specified');
    try {
      const by = flags.source ? 'source' : 'destination';
      const found = asRecord(await agent.get('/v1/connect/intentions/match', { by, name }));
      const lists = Object.values(found).map(asList);
      for (const intention of lists.flat()) io.out(`${intentionText(intentionView(intention))}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, 'Error matching the connection', thrown);
    }
  },
});
