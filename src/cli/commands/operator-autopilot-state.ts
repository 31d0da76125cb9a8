import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { choiceFlag } from '../flags/flag.js';
import { asList, asRecord, asText, printJson } from '../json.js';

type Fields = readonly (readonly [name: string, value: string])[];

/** `operator autopilot state`: the servers as autopilot sees them. */
export const operatorAutopilotState = defineCommand({
  usage: '[options]',
  about: 'Prints the servers with their health.',
  examples: [{ says: 'As JSON:', type: 'operator autopilot state -format=json' }],
  flags: { format: choiceFlag('How it is printed.', ['pretty', 'json'], 'pretty') },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    try {
      const state = asRecord(await agent.get('/v1/operator/autopilot/state'));
      io.out(flags.format === 'json' ? `${printJson(state, 4)}\n` : describe(state));
      return 0;
    } catch (thrown) {
      return failure(io, 'Error getting Autopilot state', thrown);
    }
  },
});

function describe(state: Readonly<Record<string, unknown>>): string {
  const servers = Object.entries(asRecord(state['Servers'])).sort(([left], [right]) => (left < right ? -1 : 1));
  return [
    lines('', [
      ['Healthy', asText(state['Healthy'])],
      ['Failure Tolerance', asText(state['FailureTolerance'])],
      ['Leader', asText(state['Leader'])],
    ]),
    `Voters:\n${asList(state['Voters'])
      .map((id) => `   ${asText(id)}\n`)
      .join('')}`,
    `Servers:\n${servers.map(([id, server]) => `   ${id}\n${lines('      ', serverFields(asRecord(server)))}`).join('')}`,
  ].join('');
}

const serverFields = (server: Readonly<Record<string, unknown>>): Fields =>
  (
    [
      ['Name', 'Name'],
      ['Address', 'Address'],
      ['Version', 'Version'],
      ['Status', 'Status'],
      ['Node Type', 'NodeType'],
      ['Node Status', 'NodeStatus'],
      ['Healthy', 'Healthy'],
      ['Last Contact', 'LastContact'],
      ['Last Term', 'LastTerm'],
      ['Last Index', 'LastIndex'],
      ['Stable Since', 'StableSince'],
    ] as const
  ).map(([shown, field]) => [shown, asText(server[field])]);

function lines(indent: string, fields: Fields): string {
  const width = Math.max(...fields.map(([name]) => name.length)) + 2;
  return fields.map(([name, value]) => `${indent}${`${name}:`.padEnd(width)}${value}\n`).join('');
}
