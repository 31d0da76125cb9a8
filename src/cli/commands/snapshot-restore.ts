import { createReadStream } from 'node:fs';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { fileProblem } from '../files.js';
import { switchFlag } from '../flags/flag.js';
import { AgentError } from '../http/agent-error.js';

/** `snapshot restore FILE`. */
export const snapshotRestore = defineCommand({
  usage: '[options] FILE|s3://BUCKET/KEY',
  about:
    'Replaces the whole state of the servers by a saved one. The file is checked before it is sent, and again before anything is changed. ' +
    'A new cluster takes the snapshot of any; one that holds keys, config entries or prepared queries only its own, unless forced.',
  examples: [
    { says: 'From a backup:', type: 'snapshot restore backup.snap' },
    {
      says: 'From a bucket, with AWS_REGION or AWS_S3_ENDPOINT and the credentials in the environment:',
      type: 'snapshot restore s3://backups/consul-snapshot/meshwright-20260131T235959000Z.snap',
    },
  ],
  flags: {
    force: switchFlag('Take a snapshot of another cluster also where what was written into this one is lost by it.'),
  },
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, flags, args: [name = ''], io }) => {
    if (name === '') return refuse(io, 'Missing FILE argument');
    const { SnapshotError } = await import('../../snapshot/index.js');
    const { verifySnapshot } = await import('../snapshots/verify-snapshot.js');
    const { withSnapshotFile } = await import('../snapshots/local-snapshot.js');
    try {
      return await withSnapshotFile(name, io, async (path) => {
        try {
          await verifySnapshot(path);
        } catch (thrown) {
          if (thrown instanceof SnapshotError) throw thrown;
          return refuse(io, `Error opening snapshot file: ${fileProblem(thrown, name)}`);
        }
        const answer = await agent.open({
          method: 'PUT',
          path: '/v1/snapshot',
          query: flags.force ? { force: true } : {},
          body: createReadStream(path),
        });
        const text = (await answer.whole()).toString();
        if (answer.status !== 200) throw AgentError.fromAnswer(answer.status, text);
        io.out('Restored snapshot\n');
        return 0;
      });
    } catch (thrown) {
      return failure(io, 'Error restoring snapshot', thrown);
    }
  },
});
