import { type KvEntry, kvPath } from '../commands/kv-entry.js';
import { asRecord } from '../json.js';
import { type Hold, LONGEST_WAIT_MS, LockConflict, type LockWish, remainingMs } from './hold.js';
import { type EntriesAt, readKeys } from './kv-reader.js';

/** Flags by which clients know a key that is used as a semaphore. */
export const SEMAPHORE_FLAGS = 0xe0f69a2baa414de0n;

/** What the key of a semaphore holds: JSON with `Limit` and `Holders` by session. */
interface SemaphoreState {
  readonly limit: number;
  readonly holders: readonly string[];
  /** What a compare-and-set must find. */
  readonly modifyIndex: bigint;
}

/**
 * Takes one of the places of a semaphore, in the form of the official client: a contender's key for each session, and a key that
 * lists the holders. Undefined when the time is over or the signal aborts.
 */
export async function acquireSemaphore(wish: LockWish): Promise<Hold | undefined> {
  const { agent, session, prefix, limit, untilMs, signal } = wish;
  const key = `${prefix}/.lock`;
  const contender = { acquire: session.id, flags: SEMAPHORE_FLAGS };
  if ((await agent.put(kvPath(`${prefix}/${session.id}`), '', contender)).trim() !== 'true')
    throw new LockConflict(`the key ${prefix}/${session.id} cannot be locked`);
  let index = 0n;
  while (!signal.aborted) {
    const seen = await readKeys(agent, `${prefix}/`, { recurse: true, index, waitMs: remainingMs(untilMs), signal });
    const state = stateOf(seen, key, limit);
    if (state.holders.length < limit) {
      if (await write(wish, key, { ...state, holders: [...state.holders, session.id] })) return holdOf(wish, key);
      index = 0n;
    } else index = seen.index;
    if (remainingMs(untilMs) === 0) return undefined;
  }
  return undefined;
}

/** The semaphore without holders whose sessions have ended. */
function stateOf({ entries }: EntriesAt, key: string, limit: number): SemaphoreState {
  const alive = new Set(entries.filter((entry) => entry.session !== '').map((entry) => entry.session));
  const entry = entries.find((one) => one.key === key);
  if (entry === undefined) return { limit, holders: [], modifyIndex: 0n };
  const stored = decode(entry);
  if (stored.limit !== limit)
    throw new LockConflict(`the semaphore at ${key} has ${stored.limit} places, not ${limit}: give -n=${stored.limit}`);
  return { ...stored, holders: stored.holders.filter((holder) => alive.has(holder)) };
}

function decode({ key, flags, value, modifyIndex }: KvEntry): SemaphoreState {
  const wrong = new LockConflict(`the key ${key} exists and is not a semaphore: choose another prefix`);
  if (flags !== SEMAPHORE_FLAGS) throw wrong;
  try {
    const stored = asRecord(JSON.parse(value.toString()));
    return {
      limit: Number(stored['Limit']),
      holders: Object.entries(asRecord(stored['Holders']))
        .filter(([, holds]) => holds === true)
        .map(([holder]) => holder),
      modifyIndex,
    };
  } catch {
    throw wrong;
  }
}

async function write({ agent }: LockWish, key: string, state: SemaphoreState): Promise<boolean> {
  const body = { Limit: state.limit, Holders: Object.fromEntries(state.holders.map((holder) => [holder, true])) };
  const query = { cas: state.modifyIndex, flags: SEMAPHORE_FLAGS };
  return (await agent.put(kvPath(key), JSON.stringify(body), query)).trim() === 'true';
}

function holdOf(wish: LockWish, key: string): Hold {
  const { agent, session, limit } = wish;
  let index = 0n;
  return {
    key,
    async isStillHeld(signal) {
      const seen = await readKeys(agent, `${wish.prefix}/`, { recurse: true, index, waitMs: LONGEST_WAIT_MS, signal });
      index = seen.index;
      return stateOf(seen, key, limit).holders.includes(session.id);
    },
    async release() {
      const never = new AbortController().signal;
      for (;;) {
        const seen = await readKeys(agent, `${wish.prefix}/`, { recurse: true, index: 0n, waitMs: 0, signal: never });
        const state = stateOf(seen, key, limit);
        const holders = state.holders.filter((holder) => holder !== session.id);
        const isDone =
          holders.length === 0
            ? (await agent.delete(kvPath(key), { cas: state.modifyIndex })).trim() === 'true'
            : await write(wish, key, { ...state, holders });
        if (isDone) return;
      }
    },
  };
}
