import { defineCommand } from '../command.js';
import { failure, messageOf, refuse } from '../failure.js';
import { fileProblem, readInput } from '../files.js';
import { switchFlag, unsignedFlag } from '../flags/flag.js';
import { printJson } from '../json.js';
import { readConfigEntry, type WrittenEntry } from './config-file.js';

/** `config write`: creates or replaces the entry that a file, or stdin, holds. */
export const configWrite = defineCommand({
  usage: '[options] FILE',
  about: 'Creates or replaces a config entry. FILE holds it in HCL or JSON; - means stdin.',
  examples: [
    { says: 'From a file:', type: 'config write api-splitter.hcl' },
    {
      says: 'From stdin:',
      type: 'config write - <<\'END\'\n    Kind = "service-defaults"\n    Name = "api"\n    Protocol = "http"\n    END',
    },
    {
      says: 'Only if the entry is still as it was at index 844:',
      type: 'config write -cas -modify-index=844 api-splitter.hcl',
    },
  ],
  flags: {
    cas: switchFlag(
      'Check-And-Set: write only if the entry is unchanged since -modify-index; 0 means that it must not exist.',
    ),
    modifyIndex: unsignedFlag('ModifyIndex of the entry, used with -cas.'),
  },
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, args: [name], flags, io, isGiven }) => {
    if (name === undefined)
      return refuse(io, 'Must provide exactly one positional argument to specify the config entry to write');
    if (isGiven('modifyIndex') && !flags.cas) return refuse(io, 'Cannot specify -modify-index without -cas');
    let text: string;
    try {
      text = (await readInput(name, io)).toString();
    } catch (thrown) {
      return refuse(io, `Failed to load data: ${name === '-' ? messageOf(thrown) : fileProblem(thrown, name)}`);
    }
    let entry: WrittenEntry;
    try {
      entry = readConfigEntry(text, name === '-' ? 'stdin' : name);
    } catch (thrown) {
      return failure(io, 'Failed to decode config entry input', thrown);
    }
    const what = `${entry.kind}/${entry.name}`;
    try {
      const answer = await agent.put('/v1/config', printJson(entry.body), flags.cas ? { cas: flags.modifyIndex } : {});
      if (answer.trim() === 'false')
        return refuse(
          io,
          `Error writing config entry ${what}: it is not as it was at index ${flags.modifyIndex} any more; read it again and retry (CAS failed)`,
        );
      io.out(`Config entry written: ${what}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, `Error writing config entry ${what}`, thrown);
    }
  },
});
