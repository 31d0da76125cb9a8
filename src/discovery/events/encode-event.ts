import type { UserEvent } from './event-log.js';

/** An event as the event endpoints show it. */
export function encodeEvent(event: UserEvent): Record<string, unknown> {
  return {
    ID: event.id,
    Name: event.name,
    Payload: event.payload.length === 0 ? null : event.payload.toString('base64'),
    NodeFilter: event.nodeFilter,
    ServiceFilter: event.serviceFilter,
    TagFilter: event.tagFilter,
    Version: event.version,
    LTime: event.lTime,
  };
}
