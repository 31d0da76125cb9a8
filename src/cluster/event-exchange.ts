import type { Clock } from '../core/index.js';
import type { UserEvent } from '../discovery/events/index.js';
import type { LiveArea, LiveEntry } from '../state/index.js';

const EVENTS = 'events/';
/** More events than these, fired within the time that etcd takes for one write, may be lost to others. */
const SLOTS = 256;
/** Long enough for every server that is in touch. */
const KEPT_MS = 30_000;
const KNOWN_IDS = 8192;
const MAXIMUM_CHARACTERS = 4096;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface EventExchangeOptions {
  readonly live: LiveArea;
  /** This server's id among the servers. */
  readonly server: string;
  readonly clock: Clock;
  /** Given each event of another server once, in the order in which they are heard of. */
  readonly receive: (event: UserEvent) => void;
}

/** How user events reach the other servers. */
export interface EventExchange {
  /** Tells the others of an event that was fired here; who is out of touch may never hear of it. */
  publish(event: UserEvent): void;
  close(): void;
}

/**
 * Events as keys of the live area: each server writes its own into a ring of slots and reads those of the others as they come.
 * What was there before this server is not received. An event is received at most once.
 */
export function exchangeEvents({ live, server, clock, receive }: EventExchangeOptions): EventExchange {
  const own = `${EVENTS}${server}/`;
  const known = new Set<string>();
  const removals = new Map<string, () => void>();
  let fired = 0;

  const note = (event: UserEvent): boolean => {
    if (known.has(event.id)) return false;
    known.add(event.id);
    const [oldest] = known;
    if (known.size > KNOWN_IDS && oldest !== undefined) known.delete(oldest);
    return true;
  };
  const heard = ({ key, value }: LiveEntry, isNew: boolean): void => {
    if (!key.startsWith(EVENTS) || key.startsWith(own)) return;
    const event = decoded(value);
    if (event && note(event) && isNew) receive(event);
  };
  const unwatch = live.watch((change) => {
    if (change.type === 'put') heard(change.entry, true);
    else if (change.type === 'all') for (const entry of change.entries) heard(entry, false);
  });

  return {
    publish(event) {
      const slot = `${own}${String(fired % SLOTS).padStart(3, '0')}`;
      fired += 1;
      note(event);
      removals.get(slot)?.();
      const remove = (): void => void live.remove(slot).catch(() => undefined);
      removals.set(slot, clock.after(KEPT_MS, remove));
      live.put(slot, encoded(event)).catch(() => undefined);
    },
    close() {
      unwatch();
      for (const cancel of removals.values()) cancel();
    },
  };
}

const encoded = ({ payload, ...event }: UserEvent): string =>
  JSON.stringify({ ...event, payload: payload.toString('base64') });

/** Undefined for what is no event of ours: another version's, or none. */
function decoded(value: string): UserEvent | undefined {
  if (value.length > MAXIMUM_CHARACTERS) return undefined;
  try {
    const { payload, version, lTime, ...rest } = JSON.parse(value) as Readonly<Record<string, unknown>>;
    const { id, name, nodeFilter, serviceFilter, tagFilter } = rest;
    if (typeof version !== 'number' || typeof lTime !== 'number' || typeof payload !== 'string') return undefined;
    const texts = { id, name, nodeFilter, serviceFilter, tagFilter };
    if (!areTexts(texts) || !UUID.test(texts.id)) return undefined;
    return { ...texts, version, lTime, payload: Buffer.from(payload, 'base64') };
  } catch {
    return undefined;
  }
}

function areTexts<Name extends string>(values: Record<Name, unknown>): values is Record<Name, string> {
  return Object.values(values).every((value) => typeof value === 'string');
}
