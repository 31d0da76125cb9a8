import { basename, dirname, extname, join, resolve } from 'node:path';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { fileProblem } from '../files.js';
import { textFlag } from '../flags/flag.js';
import type { AgentClient } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import { asRecord, asText } from '../json.js';
import { UsageError } from '../usage-error.js';

const PARTS = ['version', 'dc', 'node', 'status'] as const;
type Part = (typeof PARTS)[number];

/** `snapshot save FILE`. */
export const snapshotSave = defineCommand({
  usage: '[options] FILE',
  about:
    'Saves the whole state of the servers into a file, and reads it back to be sure. The file holds every secret of the state: keep it as safe as the servers.',
  examples: [
    { says: 'A backup:', type: 'snapshot save backup.snap' },
    { says: 'With version and datacenter in its name:', type: 'snapshot save -append-filename=version,dc backup.snap' },
  ],
  flags: {
    appendFilename: textFlag(
      'What of the server is appended to the name of the file, before its extension: version, dc, node and status, separated by commas.',
      'parts',
    ),
  },
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, flags, args, io }) => {
    const [name = ''] = args;
    if (name === '') return refuse(io, 'Missing FILE argument');
    const parts = readParts(flags.appendFilename);
    let path: string;
    try {
      path = resolve(io.cwd, await withParts(agent, name, parts));
    } catch (thrown) {
      return failure(io, 'Error asking the server for its name', thrown);
    }
    const { SnapshotError } = await import('../../snapshot/index.js');
    const { saveSnapshot } = await import('../snapshots/save-snapshot.js');
    try {
      const { meta } = await saveSnapshot(agent, path);
      io.out(`Saved and verified snapshot to index ${meta.index}\n`);
      return 0;
    } catch (thrown) {
      if (thrown instanceof SnapshotError) return failure(io, 'Error verifying snapshot file', thrown);
      if (thrown instanceof AgentError) return failure(io, 'Error saving snapshot', thrown);
      return refuse(io, `Error writing snapshot file: ${fileProblem(thrown, name)}`);
    }
  },
});

function readParts(given: string): readonly Part[] {
  return given
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const found = PARTS.find((known) => known === part.trim());
      if (found === undefined)
        throw new UsageError(`-append-filename takes ${PARTS.join(', ')}, not "${part}"`, { aboutFlags: false });
      return found;
    });
}

async function withParts(agent: AgentClient, name: string, parts: readonly Part[]): Promise<string> {
  if (parts.length === 0) return name;
  const self = asRecord(await agent.get('/v1/agent/self'));
  const config = asRecord(self['Config']);
  const isLeader = asText(asRecord(asRecord(self['Stats'])['consul'])['leader']) === 'true';
  const values: Readonly<Record<Part, string>> = {
    version: asText(config['Version']),
    dc: asText(config['Datacenter']),
    node: asText(config['NodeName']),
    status: isLeader ? 'leader' : 'follower',
  };
  const extension = extname(name);
  const stem = basename(name, extension);
  return join(dirname(name), [stem, ...parts.map((part) => values[part])].join('-') + extension);
}
