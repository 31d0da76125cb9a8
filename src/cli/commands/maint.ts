import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { switchFlag, textFlag } from '../flags/flag.js';
import { type AgentClient, segment } from '../http/agent-client.js';

/** The parts of a check that tell about maintenance. */
interface MaintenanceCheck {
  readonly CheckID: string;
  readonly Node: string;
  readonly Notes: string;
  readonly ServiceID: string;
}

/** `maint`: takes the node, or one service of it, out of answers and back; without flags, what is in maintenance. */
export const maint = defineCommand({
  usage: '[options]',
  about:
    'Takes the agent’s node, or one of its services, out of discovery and back. Without flags it lists what is in maintenance. Maintenance lasts until it is ended, over restarts of the agent.',
  examples: [
    { says: 'What is in maintenance:', type: 'maint' },
    { says: 'Take the node out:', type: 'maint -enable -reason="new disk"' },
    { says: 'Bring one service back:', type: 'maint -disable -service=web-1' },
  ],
  flags: {
    enable: switchFlag('Begin maintenance.'),
    disable: switchFlag('End maintenance.'),
    reason: textFlag('Why; shown with the check that stands for the maintenance. Needs -enable.'),
    service: textFlag('ID of a service on this agent. Without it the whole node is meant.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    const { enable, disable, reason, service } = flags;
    if (enable && disable) return refuse(io, 'Only one of -enable or -disable may be provided');
    if (!enable && reason !== '') return refuse(io, 'Reason may only be provided with -enable');
    if (!enable && !disable && service !== '') return refuse(io, '-service requires -enable or -disable');
    try {
      if (!enable && !disable) {
        io.out(await listing(agent));
        return 0;
      }
      const path = service === '' ? '/v1/agent/maintenance' : `/v1/agent/service/maintenance/${segment(service)}`;
      await agent.put(path, undefined, { enable: String(enable), ...(reason === '' ? {} : { reason }) });
      const now = enable ? 'enabled' : 'disabled';
      io.out(
        service === '' ? `Node maintenance is now ${now}\n` : `Service maintenance is now ${now} for "${service}"\n`,
      );
      return 0;
    } catch (thrown) {
      return failure(io, `Error ${enable ? 'enabling' : disable ? 'disabling' : 'reading'} maintenance`, thrown);
    }
  },
});

async function listing(agent: AgentClient): Promise<string> {
  const checks = Object.values((await agent.get('/v1/agent/checks')) as Readonly<Record<string, MaintenanceCheck>>);
  return checks
    .flatMap(({ CheckID: id, Node: node, Notes: reason, ServiceID: service }) => {
      if (id === '_node_maintenance') return [`Node:\n  Name:   ${node}\n  Reason: ${reason}\n`];
      return id.startsWith('_service_maintenance:') ? [`Service:\n  ID:     ${service}\n  Reason: ${reason}\n`] : [];
    })
    .join('\n');
}
