import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineCommand } from '../command.js';
import { failure, messageOf, refuse } from '../failure.js';
import { fileProblem } from '../files.js';
import { textFlag } from '../flags/flag.js';
import type { CliIo } from '../io.js';
import { asRecord, asText, parseJson } from '../json.js';
import { kvPath } from './kv-entry.js';

interface ImportedEntry {
  readonly key: string;
  readonly flags: string;
  readonly value: Buffer;
}

/** `kv import`: writes what `kv export` printed. */
export const kvImport = defineCommand({
  usage: '[options] DATA',
  about: 'Writes keys and values that `kv export` printed. DATA is the JSON itself, @FILE, or - for stdin.',
  examples: [
    { says: 'From a file:', type: 'kv import @backup.json' },
    { says: 'From stdin, under a prefix:', type: 'kv import -prefix=restored/ -' },
  ],
  flags: { prefix: textFlag('What to put in front of every key.') },
  maxArgs: 1,
  reachesAgent: true,
  flagsFirst: true,
  run: async ({ agent, args: [data = ''], flags, io }) => {
    if (data === '') return refuse(io, 'Error! Missing DATA argument');
    let entries: readonly ImportedEntry[];
    try {
      entries = readEntries(await readData(data, io));
    } catch (thrown) {
      return refuse(io, messageOf(thrown));
    }
    for (const { key, flags: kept, value } of entries) {
      const target = `${flags.prefix}${key}`.replace(/^\//, '');
      try {
        await agent.put(kvPath(target), value, kept === '0' ? {} : { flags: kept });
        io.out(`Imported: ${target}\n`);
      } catch (thrown) {
        return failure(io, `Error! Failed writing data for key ${target}`, thrown);
      }
    }
    return 0;
  },
});

async function readData(data: string, io: CliIo): Promise<string> {
  if (data === '-') return (await io.readStdin()).toString();
  if (!data.startsWith('@')) return data;
  try {
    return readFileSync(resolve(io.cwd, data.slice(1)), 'utf8');
  } catch (thrown) {
    throw new Error(`Error! Failed to read file: ${fileProblem(thrown, data.slice(1))}`, { cause: thrown });
  }
}

function readEntries(text: string): readonly ImportedEntry[] {
  const value = parsed(text);
  if (!Array.isArray(value))
    throw new Error('Cannot unmarshal data: it must be a list of objects with key, flags and value');
  return value.map((item: unknown, at) => {
    const entry = asRecord(item);
    const key = entry['key'];
    const encoded = asText(entry['value']);
    if (typeof key !== 'string' || key === '') throw new Error(`Cannot unmarshal data: entry ${at + 1} has no "key"`);
    return { key, flags: asText(entry['flags']) || '0', value: Buffer.from(encoded, 'base64') };
  });
}

function parsed(text: string): unknown {
  const first = text.trimStart().charAt(0);
  if (first !== '' && !/[[{"\dtfn-]/.test(first))
    throw new Error(`Cannot unmarshal data: invalid character '${first}' looking for beginning of value`);
  try {
    return parseJson(text);
  } catch (thrown) {
    throw new Error(`Cannot unmarshal data: ${messageOf(thrown)}`, { cause: thrown });
  }
}
