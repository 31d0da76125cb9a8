import { pause } from '../envoy-rig/index.js';
import type { KeyClient } from './key-client.js';

export interface KeyWork {
  /** Keys that are written, compared and deleted. */
  readonly plain: readonly string[];
  /** Keys that are locked. */
  readonly locks: readonly string[];
  /** Of sessions that are given one, three in ten. */
  readonly ttlMs: number;
}

const pick = <Item>(items: readonly Item[], random: () => number): Item =>
  items[Math.floor(random() * items.length)] as Item;

/** Writes, compares and reads keys; takes, gives back and loses locks, until the signal aborts. `name` makes its values its own. */
export async function workOnKeys(
  client: KeyClient,
  { plain, locks, ttlMs }: KeyWork,
  name: string,
  random: () => number,
  signal: AbortSignal,
): Promise<void> {
  let count = 0;
  let session: string | undefined;
  const value = (): string => `${name}-${(count += 1)}`;
  const onKey = async (key: string): Promise<void> => {
    const chance = random();
    if (chance < 0.35) await client.read(key);
    else if (chance < 0.6) await client.put(key, value());
    else if (chance < 0.65) await client.delete(key);
    else {
      const seen = await client.read(key);
      if (seen !== undefined) await client.cas(key, seen, value());
    }
  };
  const onLock = async (key: string): Promise<void> => {
    session ??= await client.createSession(random() < 0.3 ? ttlMs : 0, locks);
    const chance = random();
    if (session === undefined || chance < 0.2) await client.read(key);
    else if (chance < 0.65) await client.acquire(key, session, value());
    else if (chance < 0.9) await client.release(key, session, value());
    else {
      // Half of the sessions with a TTL are left to end by themselves.
      if (random() < 0.5) await client.destroySession(session, locks);
      session = undefined;
    }
  };
  while (!signal.aborted) {
    await (random() < 0.5 ? onKey(pick(plain, random)) : onLock(pick(locks, random)));
    await pause(random() * 10);
  }
}
