import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { switchFlag, unsignedFlag } from '../flags/flag.js';
import { kvPath } from './kv-entry.js';

/** `kv delete`: one key, a key on a condition, or all under a prefix. */
export const kvDelete = defineCommand({
  usage: '[options] KEY_OR_PREFIX',
  about:
    'Deletes a key, or with -recurse all keys that start with a prefix. To delete what does not exist is no error.',
  examples: [
    { says: 'Delete a key:', type: 'kv delete redis/config/connections' },
    { says: 'Delete all keys under a prefix:', type: 'kv delete -recurse redis/' },
    {
      says: 'Delete a key only if it is still as it was at index 844:',
      type: 'kv delete -cas -modify-index=844 redis/config/connections',
    },
  ],
  flags: {
    cas: switchFlag('Check-And-Set: delete only if the key is unchanged since -modify-index.'),
    modifyIndex: unsignedFlag('ModifyIndex of the key, used with -cas.'),
    recurse: switchFlag('Delete all keys that start with the prefix.'),
  },
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, args: [given], flags, io }) => {
    if (given === undefined || (given === '' && !flags.recurse)) return refuse(io, 'Error! Missing KEY argument');
    const key = given.replace(/^\//, '');
    if (key === '' && !flags.recurse)
      return refuse(io, 'Error! A key cannot be "/" alone; use -recurse to delete every key');
    if (flags.cas && flags.recurse) return refuse(io, 'Cannot specify both -cas and -recurse!');
    if (flags.cas && flags.modifyIndex === 0n)
      return refuse(io, 'Cannot delete a key that does not exist. Provide a -modify-index greater than 0.');
    if (!flags.cas && flags.modifyIndex !== 0n) return refuse(io, 'Cannot specify -modify-index without -cas!');
    try {
      const query = {
        ...(flags.recurse ? { recurse: true as const } : {}),
        ...(flags.cas ? { cas: flags.modifyIndex } : {}),
      };
      const isDeleted = (await agent.delete(kvPath(key), query)).trim() === 'true';
      if (!isDeleted) return refuse(io, `Error! Did not delete key ${key}: CAS failed`);
      io.out(flags.recurse ? `Success! Deleted keys with prefix: ${key}\n` : `Success! Deleted key: ${key}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, `Error! Failed deleting ${flags.recurse ? 'prefix' : 'key'} ${key}`, thrown);
    }
  },
});
