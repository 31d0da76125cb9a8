import { kvPath } from '../commands/kv-entry.js';
import type { AgentClient } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import { asList, asRecord, asText, parseJson } from '../json.js';

/** An entry as locks look at it. */
export interface LockEntry {
  readonly key: string;
  readonly session: string;
  readonly flags: bigint;
  readonly value: string;
  readonly modifyIndex: bigint;
}

export interface EntriesAt {
  readonly entries: readonly LockEntry[];
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
    entries: text.trim() === '' ? [] : asList(parseJson(text)).map(toEntry),
    index: BigInt(String(answer.headers['x-consul-index'] ?? '0')),
  };
}

/** Whether trying again can help: no answer came, or the server was at fault. */
export const isPassing = (thrown: unknown): boolean =>
  thrown instanceof AgentError && (thrown.status === 0 || thrown.status >= SERVER_ERROR);

function toEntry(value: unknown): LockEntry {
  const entry = asRecord(value);
  return {
    key: asText(entry['Key']),
    session: asText(entry['Session']),
    flags: BigInt(asText(entry['Flags']) || '0'),
    value: Buffer.from(asText(entry['Value']), 'base64').toString(),
    modifyIndex: BigInt(asText(entry['ModifyIndex']) || '0'),
  };
}
