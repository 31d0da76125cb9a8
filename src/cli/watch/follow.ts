import type { AgentAnswer, AgentClient } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import { parseJson, printJson } from '../json.js';
import type { WatchedView } from './watch-types.js';

/** What a watch sees. */
export interface Seen {
  /** One line of JSON. */
  readonly json: string;
  readonly value: unknown;
  /** X-Consul-Index, or the hash of what is watched by its hash. */
  readonly index: string;
}

export interface FollowOptions {
  /** Told of the first answer and of each that differs from the one before; false ends the watch. */
  readonly onSeen: (seen: Seen) => Promise<boolean>;
  /** Told of a failed request; it is sent again later. False ends the watch. */
  readonly onFailure: (thrown: unknown, retryMs: number) => boolean;
  readonly pause: (ms: number) => Promise<void>;
}

const FIRST_RETRY_MS = 5_000;
const MOST_RETRY_MS = 180_000;

/** Asks again and again, each time until something is new. Starts anew when the index goes back (consul-behaviour.md 1.1). */
export async function follow(
  agent: Pick<AgentClient, 'request'>,
  view: WatchedView,
  { onSeen, onFailure, pause }: FollowOptions,
): Promise<void> {
  let last: Seen | undefined;
  let index = '';
  for (let failures = 0; ; ) {
    let seen: Seen;
    try {
      seen = await look(agent, view, index);
      failures = 0;
    } catch (thrown) {
      failures += 1;
      const retryMs = Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * failures ** 2);
      if (!onFailure(thrown, retryMs)) return;
      await pause(retryMs);
      continue;
    }
    index = view.byHash ? seen.index : nextIndex(index, seen.index);
    if (seen.json === last?.json) continue;
    const told = view.since && last ? seenOf(view.since(seen.value, last.value), seen.index) : seen;
    last = seen;
    if (!(await onSeen(told))) return;
  }
}

async function look(agent: Pick<AgentClient, 'request'>, view: WatchedView, index: string): Promise<Seen> {
  const since = index === '' ? {} : view.byHash ? { hash: index } : { index };
  const answer = await agent.request({ path: view.path, query: { ...view.query, ...since } });
  const text = answer.body.toString();
  if (answer.status === 404 && view.missing !== undefined) return seenAs(view.missing, answer, view);
  if (answer.status !== 200) throw AgentError.fromAnswer(answer.status, text);
  return seenAs(view.show(parseJson(text)), answer, view);
}

function seenAs(value: unknown, { headers }: AgentAnswer, view: WatchedView): Seen {
  const index = String(headers[view.byHash ? 'x-consul-contenthash' : 'x-consul-index'] ?? '');
  return seenOf(value, index);
}

const seenOf = (value: unknown, index: string): Seen => ({ value, json: printJson(value), index });

/** An index that went back, as after a restore, is not waited for: everything is asked for anew. */
function nextIndex(before: string, now: string): string {
  if (!/^[1-9]\d*$/.test(now)) return '1';
  return before !== '' && BigInt(now) < BigInt(before) ? '' : now;
}
