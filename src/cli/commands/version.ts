import { defineCommand } from '../command.js';
import { choiceFlag } from '../flags/flag.js';
import { printJson } from '../json.js';
import { CONSUL_VERSION, programVersion } from '../program-version.js';

/** `version`: what this program is and what it is compatible with. */
export const version = defineCommand({
  usage: '[options]',
  about: 'Prints the version of this program.',
  examples: [{ says: 'For scripts:', type: 'version -format=json' }],
  flags: { format: choiceFlag('How to print it.', ['pretty', 'json'], 'pretty') },
  maxArgs: 0,
  reachesAgent: false,
  run: async ({ flags, io }) => {
    const facts = { Version: programVersion(), ConsulVersion: CONSUL_VERSION, Node: process.version };
    io.out(
      flags.format === 'json'
        ? `${printJson(facts, '    ')}\n`
        : `Meshwright v${facts.Version}\nSpeaks the HTTP API and the xDS of Consul ${CONSUL_VERSION}; runs on Node.js ${facts.Node}\n`,
    );
    return 0;
  },
});
