import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { asRecord, asText } from '../json.js';

/** `info`: the statistics of the agent, section by section. */
export const info = defineCommand({
  usage: '[options]',
  about: 'Prints facts for operators about the agent.',
  examples: [{ says: 'Facts about the local agent:', type: 'info' }],
  flags: {},
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, io }) => {
    try {
      const stats = asRecord(asRecord(await agent.get('/v1/agent/self'))['Stats']);
      for (const [section, values] of sorted(stats)) {
        io.out(`${section}:\n`);
        for (const [key, value] of sorted(asRecord(values))) io.out(`\t${key} = ${asText(value)}\n`);
      }
      return 0;
    } catch (thrown) {
      return failure(io, 'Error querying agent', thrown);
    }
  },
});

const sorted = (record: Readonly<Record<string, unknown>>) =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
