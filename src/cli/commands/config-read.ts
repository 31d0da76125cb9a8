import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { textFlag } from '../flags/flag.js';
import { segment } from '../http/agent-client.js';
import { asRecord, printJson } from '../json.js';

/** `config read`: an entry as JSON that `config write` takes back. */
export const configRead = defineCommand({
  usage: '-kind KIND -name NAME [options]',
  about: 'Prints a config entry as JSON.',
  examples: [{ says: 'How requests for "api" are split:', type: 'config read -kind service-splitter -name api' }],
  flags: {
    kind: textFlag('Kind of the entry.'),
    name: textFlag('Name of the entry.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags: { kind, name }, io }) => {
    if (kind === '') return refuse(io, 'Must specify the -kind parameter');
    if (name === '') return refuse(io, 'Must specify the -name parameter');
    try {
      const { Hash: _hash, ...entry } = asRecord(await agent.get(`/v1/config/${segment(kind)}/${segment(name)}`));
      io.out(`${printJson(entry, '\t')}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, `Error reading config entry ${kind}/${name}`, thrown);
    }
  },
});
