import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { switchFlag, textFlag } from '../flags/flag.js';
import { asList, asText, parseJson } from '../json.js';
import { AgentError } from '../http/agent-error.js';
import { type KvEntry, kvEntries, kvPath } from './kv-entry.js';

const DETAIL_GAP = 6;

/** `kv get`: the value of a key, of all keys under a prefix, or the keys alone. */
export const kvGet = defineCommand({
  usage: '[options] [KEY_OR_PREFIX]',
  about: 'Prints the value of a key. With -recurse the keys and values under a prefix, with -keys only the keys.',
  examples: [
    { says: 'The value of a key:', type: 'kv get redis/config/connections' },
    { says: 'All about a key:', type: 'kv get -detailed redis/config/connections' },
    { says: 'All keys and values under a prefix:', type: 'kv get -recurse redis/' },
    { says: 'Only the keys under a prefix, one level deep:', type: 'kv get -keys redis/' },
  ],
  flags: {
    base64: switchFlag('Print values in base64.'),
    detailed: switchFlag('Print all about a key: indexes, flags, lock and session.'),
    keys: switchFlag('Print only the keys that start with the prefix, up to the next separator.'),
    recurse: switchFlag('Print all keys that start with the prefix.'),
    separator: textFlag('Separator of -keys.', 'string', '/'),
  },
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, args, flags, io }) => {
    const key = (args[0] ?? '').replace(/^\//, '');
    if (key === '' && !flags.keys && !flags.recurse) return refuse(io, 'Error! Missing KEY argument');
    const query = flags.keys
      ? { keys: true as const, separator: flags.separator }
      : flags.recurse
        ? { recurse: true as const }
        : {};
    try {
      const answer = await agent.request({ path: kvPath(key), query });
      const isMissing = answer.status === 404 && answer.body.length === 0;
      if (isMissing && !flags.keys && !flags.recurse) return refuse(io, `Error! No key exists at: ${key}`);
      if (!isMissing && answer.status !== 200) throw AgentError.fromAnswer(answer.status, answer.body.toString());
      const found = isMissing ? [] : asList(parseJson(answer.body.toString()));
      if (flags.keys) io.out(found.map((name) => `${asText(name)}\n`).join(''));
      else io.out(shown(kvEntries(found), flags));
      return 0;
    } catch (thrown) {
      return failure(io, 'Error querying the agent', thrown);
    }
  },
});

function shown(
  entries: readonly KvEntry[],
  flags: { readonly detailed: boolean; readonly base64: boolean; readonly recurse: boolean },
): string {
  const value = (entry: KvEntry) => entry.value.toString(flags.base64 ? 'base64' : 'utf8');
  if (flags.detailed) return entries.map((entry) => details(entry, value(entry))).join('\n');
  return entries.map((entry) => `${flags.recurse ? `${entry.key}:` : ''}${value(entry)}\n`).join('');
}

const details = (entry: KvEntry, value: string): string =>
  columns(
    [
      ['CreateIndex', String(entry.createIndex)],
      ['Flags', String(entry.flags)],
      ['Key', entry.key],
      ['LockIndex', String(entry.lockIndex)],
      ['ModifyIndex', String(entry.modifyIndex)],
      ['Session', entry.session === '' ? '-' : entry.session],
      ['Value', value],
    ],
    DETAIL_GAP,
  );
