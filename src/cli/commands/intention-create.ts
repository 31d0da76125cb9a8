import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { pairsFlag, switchFlag } from '../flags/flag.js';
import type { AgentClient } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import { fileProblem, readInput } from '../files.js';
import { messageOf } from '../failure.js';
import type { CliIo } from '../io.js';
import { asRecord, asText, parseJson } from '../json.js';
import { intentionText, intentionView } from './intention-text.js';

const PATH = '/v1/connect/intentions/exact';

/** `intention create`: one intention from the command line, or several from files. */
export const intentionCreate = defineCommand({
  usage: '[options] SRC DST\n       meshwright intention create [options] -file FILE…',
  about:
    'Creates an intention: may SRC call DST? Both are names of services, or * for any. With -file each FILE holds one intention as JSON.',
  examples: [
    { says: 'Let web call api:', type: 'intention create web api' },
    { says: 'Forbid it, whatever was said before:', type: 'intention create -deny -replace web api' },
    { says: 'From files:', type: 'intention create -file one.json two.json' },
  ],
  flags: {
    allow: switchFlag('The intention allows. This is the default.'),
    deny: switchFlag('The intention denies.'),
    file: switchFlag('The arguments are files with one intention each, in JSON.'),
    meta: pairsFlag('Metadata to keep with the intention.'),
    replace: switchFlag('Replace the intention if there is one already.'),
  },
  maxArgs: Number.MAX_SAFE_INTEGER,
  reachesAgent: true,
  run: async ({ agent, args, flags, io }) => {
    if (flags.allow && flags.deny) return refuse(io, 'Only one of -allow or -deny may be specified.');
    const wanted = flags.file
      ? await fromFiles(args, io)
      : fromArguments(args, flags.deny ? 'deny' : 'allow', flags.meta);
    if (typeof wanted === 'string') return refuse(io, wanted);
    for (const intention of wanted) {
      const text = intentionText(intentionView(intention));
      try {
        const existed = await create(agent, intention, flags.replace);
        io.out(`${existed ? 'Replaced' : 'Created'}: ${text}\n`);
      } catch (thrown) {
        return failure(io, `Error creating intention "${text}"`, thrown);
      }
    }
    return 0;
  },
});

type Intention = Readonly<Record<string, unknown>>;

function fromArguments(
  args: readonly string[],
  action: string,
  meta: Readonly<Record<string, string>>,
): readonly Intention[] | string {
  const [source, destination] = args;
  if (source === undefined || destination === undefined || args.length > 2)
    return 'Error: command requires exactly two arguments: src and dst';
  return [{ SourceName: source, DestinationName: destination, SourceType: 'consul', Action: action, Meta: meta }];
}

async function fromFiles(names: readonly string[], io: CliIo): Promise<readonly Intention[] | string> {
  if (names.length === 0) return 'Error: -file needs at least one file with an intention';
  const found: Intention[] = [];
  for (const name of names) {
    let text: string;
    try {
      text = (await readInput(name, io)).toString();
    } catch (thrown) {
      return `Error: ${fileProblem(thrown, name)}`;
    }
    try {
      const intention = asRecord(parseJson(text));
      if (asText(intention['SourceName']) === '' || asText(intention['DestinationName']) === '')
        return `Error: ${name} must be a JSON object with SourceName and DestinationName`;
      found.push({ SourceType: 'consul', ...intention });
    } catch (thrown) {
      return `Error: ${name} is not JSON: ${messageOf(thrown)}`;
    }
  }
  return found;
}

/** Resolves to whether there was one before. */
async function create(agent: AgentClient, intention: Intention, replace: boolean): Promise<boolean> {
  const peer = asText(intention['SourcePeer']);
  const query = {
    source: `${peer === '' ? '' : `peer:${peer}/`}${asText(intention['SourceName'])}`,
    destination: asText(intention['DestinationName']),
  };
  const present = await agent.request({ path: PATH, query });
  if (present.status !== 200 && present.status !== 404)
    throw AgentError.fromAnswer(present.status, present.body.toString());
  const existed = present.status === 200;
  if (existed && !replace) throw new Error('duplicate intention found: it exists already; give -replace to change it');
  const {
    ID: _id,
    CreatedAt: _created,
    UpdatedAt: _updated,
    Precedence: _precedence,
    Hash: _hash,
    CreateIndex: _index,
    ModifyIndex: _modified,
    ...body
  } = intention;
  await agent.put(PATH, body, query);
  return existed;
}
