import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { choiceFlag, textFlag } from '../flags/flag.js';
import { segment } from '../http/agent-client.js';
import { asList, asRecord, asText, printJson } from '../json.js';
import { entryView, problemProxies } from './entry-view.js';

/** `entries read`: one config entry's way to the proxies: who has it, what of it has no effect, what was refused and why. */
export const entriesRead = defineCommand({
  usage: '-kind KIND -name NAME [options]',
  about: 'Shows how far the proxies are with a config entry, what of it has no effect, and what Envoys refused.',
  examples: [{ says: 'The routes of "web":', type: 'entries read -kind service-router -name web' }],
  flags: {
    format: choiceFlag('How to print it.', ['pretty', 'json'], 'pretty'),
    kind: textFlag('Kind of the entry.'),
    name: textFlag('Name of the entry.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags: { format, kind, name }, io }) => {
    if (kind === '') return refuse(io, 'Must specify the -kind parameter');
    if (name === '') return refuse(io, 'Must specify the -name parameter');
    try {
      const answer = await agent.get(`/v1/mesh/entries/${segment(kind)}/${segment(name)}`);
      io.out(format === 'json' ? `${printJson(answer, '    ')}\n` : shown(asRecord(answer)));
      return 0;
    } catch (thrown) {
      return failure(io, `Error reading the status of config entry ${kind}/${name}`, thrown);
    }
  },
});

function shown(answer: Readonly<Record<string, unknown>>): string {
  const entry = entryView(answer);
  const proxies = asList(answer['ProxyStates']).map(asRecord);
  return [
    columns([
      ['Entry:', `${entry.kind}/${entry.name}`],
      ['State:', entry.state],
      ['Proxies:', `${entry.proxies} (${entry.pending} pending, ${entry.refused} refused)`],
      ['Written:', `at index ${entry.modifyIndex}; all proxies have taken index ${entry.acceptedIndex}`],
    ]),
    ...asList(answer['Problems']).map((one) => `Problem: ${asText(asRecord(one)['Problem'])}${problemProxies(one)}\n`),
    ...asList(answer['Refusals'])
      .map(asRecord)
      .map(
        (one) =>
          `Refused by ${asText(one['Node'])}/${asText(one['ProxyID'])}: ${asText(one['Type'])} ${asText(one['Name'])}: ${asText(one['Error'])}\n`,
      ),
    ...(proxies.length === 0
      ? []
      : [
          '\n',
          columns([
            ['Node', 'Proxy', 'Service', 'State', 'Index'],
            ...proxies.map((one) => [
              asText(one['Node']),
              asText(one['ProxyID']),
              asText(one['Service']),
              asText(one['State']),
              asText(one['AcceptedIndex']),
            ]),
          ]),
        ]),
  ].join('');
}
