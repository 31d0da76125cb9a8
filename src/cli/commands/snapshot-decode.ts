import type { SnapshotRecord } from '../../snapshot/index.js';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { fileProblem } from '../files.js';
import { switchFlag } from '../flags/flag.js';

/** Fields that are secrets, wherever they stand. */
const SECRET = /private_?key|secret/i;

/** `snapshot decode FILE`: every record, one a line. */
export const snapshotDecode = defineCommand({
  usage: '[options] FILE|s3://BUCKET/KEY',
  about: 'Prints every record of a snapshot file as a line of JSON. Private keys and other secrets are hidden.',
  examples: [
    { says: 'How many services are in it:', type: 'snapshot decode backup.snap | grep -c \'"Type":"services"\'' },
  ],
  flags: { secrets: switchFlag('Show secrets too.') },
  maxArgs: 1,
  reachesAgent: false,
  run: async ({ flags, args, io }) => {
    const [name = ''] = args;
    if (name === '') return refuse(io, 'Missing FILE argument');
    const print = ({ table, key, createIndex, modifyIndex, value }: SnapshotRecord): void => {
      const { v: _version, ...data } = value;
      const line = { Type: table, Key: key, CreateIndex: createIndex, ModifyIndex: modifyIndex, Data: data };
      io.out(`${JSON.stringify(line, flags.secrets ? undefined : hideSecrets)}\n`);
    };
    const { SnapshotError } = await import('../../snapshot/index.js');
    const { verifySnapshot } = await import('../snapshots/verify-snapshot.js');
    const { withSnapshotFile } = await import('../snapshots/local-snapshot.js');
    try {
      await withSnapshotFile(name, io, (path) => verifySnapshot(path, print));
      return 0;
    } catch (thrown) {
      if (thrown instanceof SnapshotError) return failure(io, 'Error reading snapshot', thrown);
      return refuse(io, `Error opening snapshot file: ${fileProblem(thrown, name)}`);
    }
  },
});

const hideSecrets = (field: string, value: unknown): unknown =>
  typeof value === 'string' && value !== '' && SECRET.test(field) && !/type|bits/i.test(field) ? '<hidden>' : value;
