import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { fileProblem } from '../files.js';
import { AgentError } from '../http/agent-error.js';

/** `snapshot restore FILE`. */
export const snapshotRestore = defineCommand({
  usage: '[options] FILE',
  about:
    'Replaces the whole state of the servers by a saved one. The file is checked before it is sent, and again before anything is changed.',
  examples: [{ says: 'From a backup:', type: 'snapshot restore backup.snap' }],
  flags: {},
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, args, io }) => {
    const [name = ''] = args;
    if (name === '') return refuse(io, 'Missing FILE argument');
    const path = resolve(io.cwd, name);
    const { SnapshotError } = await import('../../snapshot/index.js');
    const { verifySnapshot } = await import('../snapshots/verify-snapshot.js');
    try {
      await verifySnapshot(path);
    } catch (thrown) {
      if (thrown instanceof SnapshotError) return failure(io, 'Error restoring snapshot', thrown);
      return refuse(io, `Error opening snapshot file: ${fileProblem(thrown, name)}`);
    }
    try {
      const answer = await agent.open({ method: 'PUT', path: '/v1/snapshot', body: createReadStream(path) });
      const text = (await answer.whole()).toString();
      if (answer.status !== 200) throw AgentError.fromAnswer(answer.status, text);
      io.out('Restored snapshot\n');
      return 0;
    } catch (thrown) {
      return failure(io, 'Error restoring snapshot', thrown);
    }
  },
});
