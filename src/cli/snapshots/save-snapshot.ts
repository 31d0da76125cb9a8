import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { ReadSnapshot } from '../../snapshot/index.js';
import type { AgentClient } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import { verifySnapshot } from './verify-snapshot.js';

/** The file is readable by its owner only: it holds every secret of the state. */
const MODE = 0o600;

/**
 * Fetches a snapshot into a file and reads it back. Under its final name there is never anything but a whole snapshot: an older
 * file stays until then. Throws AgentError, SnapshotError or the error of the file.
 */
export async function saveSnapshot(agent: AgentClient, path: string): Promise<ReadSnapshot> {
  const unfinished = `${path}.unverified`;
  try {
    const answer = await agent.open({ path: '/v1/snapshot' });
    if (answer.status !== 200) throw AgentError.fromAnswer(answer.status, (await answer.whole()).toString());
    await pipeline(answer.body, createWriteStream(unfinished, { mode: MODE, flush: true }));
    const read = await verifySnapshot(unfinished);
    await rename(unfinished, path);
    return read;
  } catch (thrown) {
    await rm(unfinished, { force: true });
    throw thrown;
  }
}
