import type { AgentClient } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import { asRecord, asText } from '../json.js';
import { pause } from '../pause.js';

/** As long as the official client's: an agent that cannot be reached for this long has given the lock to others. */
const TTL_MS = 15_000;

/** A session that is kept alive while a command runs. */
export interface LockSession {
  readonly id: string;
  /** Aborted when the session is gone, or could not be renewed for as long as it lives. */
  readonly lost: AbortSignal;
  /** Ends the renewals and the session. */
  close(): Promise<void>;
}

/** Makes a session and renews it. Throws `AgentError` when the agent refuses. */
export async function openLockSession(
  agent: AgentClient,
  wanted: { readonly name: string; readonly behavior: 'release' | 'delete' },
): Promise<LockSession> {
  const body = { Name: wanted.name, TTL: `${TTL_MS / 1000}s`, Behavior: wanted.behavior };
  const id = asText(asRecord(JSON.parse(await agent.put('/v1/session/create', body)))['ID']);
  const [lost, closing] = [new AbortController(), new AbortController()];
  const renewing = keepRenewing(agent, id, lost, closing.signal);
  return {
    id,
    lost: lost.signal,
    close: async () => {
      closing.abort();
      await renewing;
      await agent.put(`/v1/session/destroy/${id}`).catch(() => undefined);
    },
  };
}

async function keepRenewing(
  agent: AgentClient,
  id: string,
  lost: AbortController,
  closing: AbortSignal,
): Promise<void> {
  let renewedAtMs = performance.now();
  let delayMs = TTL_MS / 2;
  for (;;) {
    await pause(delayMs, closing);
    if (closing.aborted) return;
    const startedAtMs = performance.now();
    try {
      const answer = await agent.request({
        method: 'PUT',
        path: `/v1/session/renew/${id}`,
        timeoutMs: TTL_MS / 3,
        signal: closing,
      });
      if (answer.status === 404) break;
      if (answer.status !== 200) throw AgentError.fromAnswer(answer.status, answer.body.toString());
      renewedAtMs = startedAtMs;
      delayMs = TTL_MS / 2;
    } catch {
      if (performance.now() - renewedAtMs >= TTL_MS) break;
      delayMs = 1000;
    }
  }
  lost.abort();
}
