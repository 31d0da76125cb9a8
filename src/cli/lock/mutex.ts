import { kvPath } from '../commands/kv-entry.js';
import { type Hold, LONGEST_WAIT_MS, LockConflict, type LockWish, remainingMs } from './hold.js';
import { type EntriesAt, readKeys } from './kv-reader.js';
import { pause } from '../pause.js';

/** Flags by which clients know a key that is used as a lock. */
export const LOCK_FLAGS = 0x2ddccbc058a50c18n;
/** Pause before trying again while the lock-delay of somebody else goes on. */
const RETRY_MS = 1000;

/** Takes the lock of a prefix, in the form of the official client; undefined when the time is over or the signal aborts. */
export const acquireMutex = (wish: LockWish): Promise<Hold | undefined> => acquireKey(wish, `${wish.prefix}/.lock`);

/** Takes the lock of a key, whatever the prefix; undefined when the time is over or the signal aborts. */
export async function acquireKey(wish: LockWish, key: string): Promise<Hold | undefined> {
  const { agent, session, untilMs, signal } = wish;
  let seen: EntriesAt = { entries: [], index: 0n };
  while (!signal.aborted) {
    seen = await readKeys(agent, key, { recurse: false, index: seen.index, waitMs: remainingMs(untilMs), signal });
    const [entry] = seen.entries;
    if (entry !== undefined && entry.flags !== LOCK_FLAGS)
      throw new LockConflict(`the key ${key} exists and is not a lock: choose another prefix`);
    if (entry === undefined || entry.session === '') {
      const query = { acquire: session.id, flags: LOCK_FLAGS };
      if ((await agent.put(kvPath(key), '', query)).trim() === 'true') return holdOf(wish, key);
      await pause(Math.min(RETRY_MS, remainingMs(untilMs)), signal);
      seen = { entries: [], index: 0n };
    }
    if (remainingMs(untilMs) === 0) return undefined;
  }
  return undefined;
}

function holdOf({ agent, session }: LockWish, key: string): Hold {
  let index = 0n;
  return {
    key,
    async isStillHeld(signal) {
      const seen = await readKeys(agent, key, { recurse: false, index, waitMs: LONGEST_WAIT_MS, signal });
      index = seen.index;
      return seen.entries[0]?.session === session.id;
    },
    async release() {
      await agent.put(kvPath(key), '', { release: session.id, flags: LOCK_FLAGS });
      const never = new AbortController().signal;
      const [entry] = (await readKeys(agent, key, { recurse: false, index: 0n, waitMs: 0, signal: never })).entries;
      if (entry?.session === '' && entry.flags === LOCK_FLAGS)
        await agent.delete(kvPath(key), { cas: entry.modifyIndex });
    },
  };
}
