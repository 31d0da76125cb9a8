import { deriveClusterSecrets, formatJoinToken, joinTokenOf } from '../../cluster/credentials/index.js';
import { parseHclOrJson } from '../../lang/hcl/index.js';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { fileProblem, readInput } from '../files.js';
import { choiceFlag, listFlag, textFlag } from '../flags/flag.js';
import type { CliIo } from '../io.js';

/** `operator join-token`: what client agents show to join, from the cluster key. */
export const operatorJoinToken = defineCommand({
  usage: '[options]',
  about:
    'Prints the token with which client agents join, made from the cluster key. Who has it can join as any node; it cannot be used to be a server.',
  examples: [
    {
      says: 'From the configuration of a server:',
      type: 'operator join-token -config-file=/etc/meshwright/server.hcl',
    },
    { says: 'From the key on standard input:', type: 'operator join-token -encrypt=-' },
  ],
  flags: {
    configFile: listFlag(
      'Configuration file in HCL or JSON with the option encrypt; of several the last counts.',
      'file',
    ),
    encrypt: textFlag('The cluster key; - reads it from standard input.', 'key'),
    format: choiceFlag('How it is printed.', ['pretty', 'json'], 'pretty'),
  },
  maxArgs: 0,
  reachesAgent: false,
  run: async ({ flags, io }) => {
    try {
      const key = await keyOf(flags.encrypt, flags.configFile, io);
      if (key === undefined)
        return refuse(io, 'No cluster key: give -encrypt, or -config-file with the option encrypt of a server');
      const secrets = deriveClusterSecrets(key);
      const token = formatJoinToken(joinTokenOf(secrets));
      io.out(
        flags.format === 'json'
          ? `${JSON.stringify({ JoinToken: token, ClusterID: secrets.clusterId }, null, 4)}\n`
          : `${token}\n`,
      );
      return 0;
    } catch (thrown) {
      return failure(io, 'Error making the join token', thrown);
    }
  },
});

async function keyOf(given: string, files: readonly string[], io: CliIo): Promise<string | undefined> {
  if (given === '-') return (await io.readStdin()).toString('utf8').trim();
  if (given !== '') return given;
  let found: string | undefined;
  for (const file of files) found = keyIn(await read(file, io), file) ?? found;
  return found;
}

async function read(file: string, io: CliIo): Promise<string> {
  try {
    return (await readInput(file, io)).toString('utf8');
  } catch (thrown) {
    throw new Error(fileProblem(thrown, file), { cause: thrown });
  }
}

function keyIn(text: string, filename: string): string | undefined {
  const found = Object.entries(parseHclOrJson(text, { filename })).find(([name]) => name.toLowerCase() === 'encrypt');
  return typeof found?.[1] === 'string' && found[1] !== '' ? found[1] : undefined;
}
