import { resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { defineCommand } from '../command.js';
import { failure, messageOf, refuse } from '../failure.js';
import { fileProblem } from '../files.js';
import { switchFlag, textFlag, unsignedFlag } from '../flags/flag.js';
import type { CliIo } from '../io.js';
import { kvPath } from './kv-entry.js';

/** `kv put`: writes a value, plainly, on a condition, or with a lock. */
export const kvPut = defineCommand({
  usage: '[options] KEY [DATA]',
  about:
    'Writes DATA under KEY. DATA is the value itself, @FILE for the content of a file, or - for stdin. Without DATA the value is empty.',
  examples: [
    { says: 'Write a value:', type: 'kv put redis/config/connections 5' },
    { says: 'Write the content of a file:', type: 'kv put redis/config.json @config.json' },
    { says: 'Write only if the key does not exist yet:', type: 'kv put -cas redis/config/connections 5' },
    {
      says: 'Write only if the key is still as it was at index 844:',
      type: 'kv put -cas -modify-index=844 redis/config/connections 5',
    },
  ],
  flags: {
    acquire: switchFlag(
      'Take a lock on the key, which is created if need be. Needs -session with a session that exists.',
    ),
    base64: switchFlag('The data is in base64.'),
    cas: switchFlag(
      'Check-And-Set: write only if the key is unchanged since -modify-index; without it, only if the key does not exist.',
    ),
    flags: unsignedFlag('Unsigned integer to keep with the value, with a meaning of your own.'),
    modifyIndex: unsignedFlag('ModifyIndex of the key, used with -cas.'),
    release: switchFlag('Give the lock on the key back. Needs -session.'),
    session: textFlag('Session ID of the lock.'),
  },
  maxArgs: 2,
  reachesAgent: true,
  flagsFirst: true,
  run: async ({ agent, args: [key = '', data], flags, io }) => {
    if (key === '') return refuse(io, 'Error! Missing KEY argument');
    if ((flags.acquire || flags.release) && flags.session === '')
      return refuse(io, 'Error! Missing -session (required with -acquire and -release)');
    const value = await readValue(data, flags.base64, io);
    if (typeof value === 'string') return refuse(io, `Error! ${value}`);
    const query = {
      ...(flags.flags === 0n ? {} : { flags: flags.flags }),
      ...(flags.cas ? { cas: flags.modifyIndex } : {}),
      ...(flags.acquire ? { acquire: flags.session } : {}),
      ...(flags.release ? { release: flags.session } : {}),
    };
    try {
      const isWritten = (await agent.put(kvPath(key.replace(/^\//, '')), value, query)).trim() === 'true';
      if (flags.acquire)
        return isWritten ? done(io, `Success! Lock acquired on: ${key}`) : refuse(io, 'Error! Did not acquire lock');
      if (flags.release)
        return isWritten ? done(io, `Success! Lock released on: ${key}`) : refuse(io, 'Error! Did not release lock');
      if (isWritten) return done(io, `Success! Data written to: ${key}`);
      const why = flags.modifyIndex === 0n ? 'CAS performed with index=0 and key already exists.' : 'CAS failed';
      return refuse(io, `Error! Did not write to ${key}: ${why}`);
    } catch (thrown) {
      return failure(io, 'Error! Failed writing data', thrown);
    }
  },
});

/** The bytes to write, or a sentence about why there are none. */
async function readValue(data: string | undefined, isBase64: boolean, io: CliIo): Promise<Buffer | string> {
  let raw: Buffer;
  try {
    if (data === '-') raw = await io.readStdin();
    else if (data?.startsWith('@')) raw = readFileSync(resolve(io.cwd, data.slice(1)));
    else raw = Buffer.from(data ?? '');
  } catch (thrown) {
    return data === '-'
      ? `Failed to read stdin: ${messageOf(thrown)}`
      : `Failed to read file: ${fileProblem(thrown, data?.slice(1) ?? '')}`;
  }
  if (!isBase64) return raw;
  const text = raw.toString().replace(/\s+/g, '');
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
    ? Buffer.from(text, 'base64')
    : 'Cannot base 64 decode data: it has characters or a length that base64 does not have';
}

function done(io: CliIo, sentence: string): number {
  io.out(`${sentence}\n`);
  return 0;
}
