import { randomUUID } from 'node:crypto';
import { exchangeEvents } from '../../cluster/index.js';
import { nextTurn } from '../../core/index.js';
import { createEventLog, type EventLog } from '../../discovery/events/index.js';
import { keepSessions, type SessionKeeper } from '../../discovery/sessions/index.js';
import type { OwnLocalAgent } from '../own-node.js';
import { startHousekeeping } from '../housekeeping.js';
import type { Ground } from './ground.js';

/** What servers do for all of them, one at a time or each its part. */
export interface SharedWork {
  /** Ends sessions whose time is over. */
  readonly sessions: SessionKeeper;
  /** User events, of all servers. */
  readonly events: EventLog;
  close(): void;
}

/** Begins the work that needs nothing but the state: sessions, user events, marks of deletions. */
export function startSharedWork(
  { config, nodeId, store, live, duties, clock, warn }: Ground,
  agent: Pick<OwnLocalAgent, 'services'>,
): SharedWork {
  const receiver = { node: config.nodeName, services: () => agent.services.values() };
  const events = createEventLog({
    receiver,
    clock,
    makeId: randomUUID,
    publish: (event) => exchange.publish(event),
  });
  const exchange = exchangeEvents({ live, server: nodeId, clock, receive: (event) => events.receive(event) });
  const sessions = keepSessions({
    store,
    clock,
    nextTurn,
    warn,
    shared: config.state.backend === 'etcd',
    take: (start) => duties.take('sessions', start),
  });
  const endHousekeeping = startHousekeeping(store, (start) => duties.take('reaping', start), clock, warn);
  return {
    sessions,
    events,
    close() {
      events.close();
      exchange.close();
      sessions.close();
      endHousekeeping();
    },
  };
}
