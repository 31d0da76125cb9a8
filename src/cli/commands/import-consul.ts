import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { switchFlag, textFlag } from '../flags/flag.js';
import { parseAgentAddress } from '../http/agent-address.js';
import { createAgentClient } from '../http/agent-client.js';

/** `import consul`. */
export const importConsulCommand = defineCommand({
  usage: '[options] -to=ADDRESS',
  about:
    'Takes over what a running Consul shows by its HTTP API: keys, config entries with intentions, services of nodes without an agent, and prepared queries. ' +
    'The Consul is the one that -http-addr and -token name; nothing is written to it. What was not taken is listed. It can be run again: what is there already stays as it is.',
  examples: [
    { says: 'What would be taken:', type: 'import consul -http-addr=https://consul:8501 -to=127.0.0.1:8500 -dry-run' },
    { says: 'To take it:', type: 'import consul -http-addr=https://consul:8501 -to=127.0.0.1:8500' },
  ],
  flags: {
    to: textFlag('Address of the HTTP API that is written to, as -http-addr.', 'address'),
    toToken: textFlag('Token for it.', 'value'),
    dryRun: switchFlag('Only says what would be written.'),
    agents: switchFlag('Also takes nodes that have an agent, with the last state of their checks.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    if (flags.to === '') return refuse(io, 'Missing -to: the address of the HTTP API that is written to');
    const address = parseAgentAddress(flags.to, false);
    const to = createAgentClient({
      ...{ address, token: flags.toToken, basicAuth: '', datacenter: '', namespace: '', partition: '', stale: false },
      tls: agent.settings.tls,
    });
    const { importConsul } = await import('../import/import-consul.js');
    try {
      const report = await importConsul({ from: agent, to, isDryRun: flags.dryRun, withAgents: flags.agents });
      io.out(report.print(flags.dryRun));
      return report.refused > 0 ? 2 : 0;
    } catch (thrown) {
      return failure(io, 'Error importing', thrown);
    }
  },
});
