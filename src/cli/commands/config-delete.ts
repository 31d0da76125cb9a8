import { defineCommand } from '../command.js';
import { failure, messageOf, refuse } from '../failure.js';
import { fileProblem, readInput } from '../files.js';
import { switchFlag, textFlag, unsignedFlag } from '../flags/flag.js';
import { segment } from '../http/agent-client.js';
import type { CliIo } from '../io.js';
import { readConfigEntry } from './config-file.js';

/** `config delete`: an entry by kind and name, or the one that a file describes. */
export const configDelete = defineCommand({
  usage: '(-kind KIND -name NAME | -filename FILE) [options]',
  about: 'Deletes a config entry. To delete what does not exist is no error.',
  examples: [
    { says: 'By kind and name:', type: 'config delete -kind service-splitter -name api' },
    { says: 'What a file describes:', type: 'config delete -filename api-splitter.hcl' },
    {
      says: 'Only if the entry is still as it was at index 844:',
      type: 'config delete -cas -modify-index=844 -kind service-splitter -name api',
    },
  ],
  flags: {
    cas: switchFlag('Check-And-Set: delete only if the entry is unchanged since -modify-index.'),
    filename: textFlag('File with the entry to delete, instead of -kind and -name; - means stdin.'),
    kind: textFlag('Kind of the entry.'),
    modifyIndex: unsignedFlag('ModifyIndex of the entry, used with -cas.'),
    name: textFlag('Name of the entry.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    if (flags.filename !== '' && (flags.kind !== '' || flags.name !== ''))
      return refuse(io, "filename can't be used with kind or name");
    if (flags.cas && flags.modifyIndex === 0n)
      return refuse(io, 'Must specify a -modify-index greater than 0 with -cas');
    if (!flags.cas && flags.modifyIndex !== 0n) return refuse(io, 'Cannot specify -modify-index without -cas');
    const target = flags.filename === '' ? flags : await describedBy(flags.filename, io);
    if (typeof target === 'string') return refuse(io, target);
    const { kind, name } = target;
    if (kind === '') return refuse(io, 'Must specify the -kind parameter');
    if (name === '') return refuse(io, 'Must specify the -name parameter');
    try {
      const path = `/v1/config/${segment(kind)}/${segment(name)}`;
      const answer = await agent.delete(path, flags.cas ? { cas: flags.modifyIndex } : {});
      if (flags.cas && answer.trim() === 'false') return refuse(io, `Config entry not deleted: ${kind}/${name}`);
      io.out(`Config entry deleted: ${kind}/${name}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, `Error deleting config entry ${kind}/${name}`, thrown);
    }
  },
});

/** Kind and name of the entry in a file, or a sentence about why they cannot be had. */
async function describedBy(
  filename: string,
  io: CliIo,
): Promise<{ readonly kind: string; readonly name: string } | string> {
  let text: string;
  try {
    text = (await readInput(filename, io)).toString();
  } catch (thrown) {
    return `Failed to load data: ${fileProblem(thrown, filename)}`;
  }
  try {
    return readConfigEntry(text, filename);
  } catch (thrown) {
    return `Failed to decode config entry input: ${messageOf(thrown)}`;
  }
}
