import { parseExactJson, printExactJson } from '../core/exact-json.js';
import type { WatchQuery, WatchedView } from './watched-view.js';

/** An answer of the agent, whatever its status. */
export interface WatchAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** Asks the agent; rejects when there is no answer. */
export type Ask = (request: { readonly path: string; readonly query: WatchQuery }) => Promise<WatchAnswer>;

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
  /** What an answer that refuses is thrown as. */
  readonly refusal: (status: number, text: string) => Error;
  readonly pause: (ms: number) => Promise<void>;
}

const FIRST_RETRY_MS = 5_000;
const MOST_RETRY_MS = 180_000;

/** Asks again and again, each time until something is new. Starts anew when the index goes back (consul-behaviour.md 1.1). */
export async function follow(
  ask: Ask,
  view: WatchedView,
  { onSeen, onFailure, refusal, pause }: FollowOptions,
): Promise<void> {
  let last: Seen | undefined;
  let index = '';
  for (let failures = 0; ; ) {
    let seen: Seen;
    try {
      seen = await look(ask, view, index, refusal);
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

async function look(ask: Ask, view: WatchedView, index: string, refusal: FollowOptions['refusal']): Promise<Seen> {
  const since = index === '' ? {} : view.byHash ? { hash: index } : { index };
  const answer = await ask({ path: view.path, query: { ...view.query, ...since } });
  const text = answer.body.toString();
  if (answer.status === 404 && view.missing !== undefined) return seenAs(view.missing, answer, view);
  if (answer.status !== 200) throw refusal(answer.status, text);
  return seenAs(view.show(parseExactJson(text)), answer, view);
}

function seenAs(value: unknown, { headers }: WatchAnswer, view: WatchedView): Seen {
  const index = String(headers[view.byHash ? 'x-consul-contenthash' : 'x-consul-index'] ?? '');
  return seenOf(value, index);
}

const seenOf = (value: unknown, index: string): Seen => ({ value, json: printExactJson(value), index });

/** An index that went back, as after a restore, is not waited for: everything is asked for anew. */
function nextIndex(before: string, now: string): string {
  if (!/^[1-9]\d*$/.test(now)) return '1';
  return before !== '' && BigInt(now) < BigInt(before) ? '' : now;
}
