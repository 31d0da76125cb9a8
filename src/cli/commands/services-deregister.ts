import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { textFlag } from '../flags/flag.js';
import { segment } from '../http/agent-client.js';

/** `services deregister`: by ID, or the services of definition files. */
export const servicesDeregister = defineCommand({
  usage: '[options] [FILE…]',
  about: 'Removes services from the agent: the one with -id, or those of definition files in HCL or JSON.',
  examples: [
    { says: 'By ID:', type: 'services deregister -id=web' },
    { says: 'What a file defines:', type: 'services deregister web.hcl' },
  ],
  flags: { id: textFlag('ID of the service.') },
  maxArgs: Number.MAX_SAFE_INTEGER,
  reachesAgent: true,
  run: async ({ agent, args, flags, io }) => {
    if (args.length === 0 && flags.id === '')
      return refuse(io, 'Service deregistration requires at least one argument or -id.');
    if (args.length > 0 && flags.id !== '')
      return refuse(io, 'Service deregistration requires arguments or -id, not both.');
    const ids: string[] = flags.id === '' ? [] : [flags.id];
    try {
      const { readServiceFile } = await import('../service-file.js');
      for (const name of args) ids.push(...readServiceFile(name, io.cwd).map(({ id }) => id));
    } catch (thrown) {
      return failure(io, 'Error', thrown);
    }
    for (const id of ids) {
      try {
        await agent.put(`/v1/agent/service/deregister/${segment(id)}`);
        io.out(`Deregistered service: ${id}\n`);
      } catch (thrown) {
        return failure(io, `Error deregistering service "${id}"`, thrown);
      }
    }
    return 0;
  },
});
