import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { textFlag } from '../flags/flag.js';
import { segment } from '../http/agent-client.js';
import { asRecord, asText } from '../json.js';

/** `event`: fires a user event. */
export const event = defineCommand({
  usage: '[options] [PAYLOAD]',
  about:
    'Fires a user event that all agents hear, or those that the filters name. PAYLOAD is handed on with it; together with the name it has room in 512 bytes.',
  examples: [
    { says: 'Tell all agents of a deployment:', type: 'event -name=deploy 1609030' },
    { says: 'Tell the nodes with a service:', type: 'event -name=restart -service=web' },
  ],
  flags: {
    name: textFlag('Name of the event. Needed.'),
    node: textFlag('Only for nodes whose name matches this regular expression.', 'regex'),
    service: textFlag('Only for nodes with a service whose name matches.', 'regex'),
    tag: textFlag('Only for nodes where that service has a tag that matches. Needs -service.', 'regex'),
  },
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, args: [payload = ''], flags, io }) => {
    if (flags.name === '') return refuse(io, 'Error! Must specify -name');
    if (flags.tag !== '' && flags.service === '') return refuse(io, 'Error! Cannot provide -tag without -service.');
    const { name, node, service, tag } = flags;
    const query = Object.fromEntries(Object.entries({ node, service, tag }).filter(([, value]) => value !== ''));
    try {
      const answer = await agent.put(`/v1/event/fire/${segment(name)}`, Buffer.from(payload), query);
      io.out(`Event ID: ${asText(asRecord(JSON.parse(answer))['ID'])}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, 'Error! Failed firing the event', thrown);
    }
  },
});
