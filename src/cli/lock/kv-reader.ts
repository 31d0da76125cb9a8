import { type KvEntry, kvEntries, kvPath } from '../commands/kv-entry.js';
import type { AgentClient } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import { asList, parseJson } from '../json.js';

export interface EntriesAt {
  readonly entries: readonly KvEntry[];
  readonly index: bigint;
}

/** Below this an answer is an error of ours, which waiting does not mend. */
const SERVER_ERROR = 500;

/** Reads keys, waiting while their index is not above `index` (0 = not at all). Throws `AgentError`; what is not there is no entry. */
export async function readKeys(
  agent: AgentClient,
  key: string,
  options: { readonly recurse: boolean; readonly index: bigint; readonly waitMs: number; readonly signal: AbortSignal },
): Promise<EntriesAt> {
  const waits = options.index > 0n;
  const answer = await agent.request({
    path: kvPath(key),
    query: {
      consistent: true,
      ...(options.recurse ? { recurse: true } : {}),
      ...(waits ? { index: options.index, wait: `${Math.max(1, Math.floor(options.waitMs))}ms` } : {}),
    },
    signal: options.signal,
  });
  if (answer.status !== 200 && answer.status !== 404)
    throw AgentError.fromAnswer(answer.status, answer.body.toString());
  const text = answer.body.toString();
  return {
    entries: text.trim() === '' ? [] : kvEntries(asList(parseJson(text))),
    index: BigInt(String(answer.headers['x-consul-index'] ?? '0')),
  };
}

/** Whether trying again can help: no answer came, or the server was at fault. */
export const isPassing = (thrown: unknown): boolean =>
  thrown instanceof AgentError && (thrown.status === 0 || thrown.status >= SERVER_ERROR);
