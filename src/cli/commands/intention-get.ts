import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { asText, parseJson, printJson } from '../json.js';
import { intentionView, type IntentionView } from './intention-text.js';
import { callIntention, intentionTarget } from './intention-target.js';

/** `intention get`: all about one intention. */
export const intentionGet = defineCommand({
  usage: '[options] SRC DST',
  about: 'Shows the intention from SRC to DST. A single argument is an ID, for intentions that have one.',
  examples: [{ says: 'What was said about web and api:', type: 'intention get web api' }],
  flags: {},
  maxArgs: 2,
  reachesAgent: true,
  run: async ({ agent, args, io }) => {
    const target = intentionTarget(args);
    if (typeof target === 'string') return refuse(io, target);
    try {
      io.out(details(intentionView(parseJson(await callIntention(agent, 'GET', target)))));
      return 0;
    } catch (thrown) {
      return failure(io, 'Error', thrown);
    }
  },
});

function details(intention: IntentionView): string {
  const rows: (readonly [string, string])[] = [
    ['Source:', intention.source],
    ['Destination:', intention.destination],
    ['Action:', intention.action],
    ['ID:', intention.id],
    ['Description:', intention.description],
    ...Object.entries(intention.meta)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [`Meta[${key}]:`, asText(value)] as const),
    ['Created At:', intention.createdAt],
  ];
  const table = columns(rows.filter(([, value]) => value !== ''));
  return intention.permissions.length === 0
    ? table
    : `${table}Permissions:\n${printJson(intention.permissions, '  ')}\n`;
}
