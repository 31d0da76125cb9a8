import { durationFromWire, durationToNanoseconds } from '../../core/duration.js';
import {
  SERF_HEALTH,
  type SessionDefinition,
  type SessionRecord,
  type SessionServiceCheck,
} from '../../model/index.js';
import {
  type Field,
  kindOf,
  list,
  named,
  nullable,
  object,
  oneOf,
  optional,
  text,
  wrongValue,
} from '../../model/wire/index.js';

const DEFAULT_LOCK_DELAY_MS = 15_000;
const DEFAULT_CHECKS: readonly string[] = [SERF_HEALTH];
/** A plain number below this is seconds, above it nanoseconds. */
const LEAST_NANOSECONDS = 1000;

/** The body of `session/create`. */
export interface SessionBody {
  readonly name: string;
  readonly node: string;
  readonly lockDelay?: number;
  readonly behavior: 'release' | 'delete' | '';
  readonly ttl: string;
  /** The old name of `nodeChecks`. */
  readonly checks: readonly string[] | null;
  readonly nodeChecks: readonly string[] | null;
  readonly serviceChecks: readonly SessionServiceCheck[] | null;
}

/** A lock-delay in ms: Go text, a number of seconds below 1000, or of nanoseconds. */
const lockDelayField: Field<number> = {
  empty: 0,
  isEmpty: (value) => value === 0,
  decode(input, path, context) {
    try {
      if (typeof input === 'number' && Math.abs(input) < LEAST_NANOSECONDS) return input * 1000;
      if (typeof input === 'string' || typeof input === 'number') return durationFromWire(input);
      wrongValue(context, path, `must be a duration such as "15s", not ${kindOf(input)}`);
    } catch (thrown) {
      wrongValue(context, path, thrown instanceof Error ? thrown.message : String(thrown));
    }
    return 0;
  },
  encode: durationToNanoseconds,
};

const serviceCheckField = object<SessionServiceCheck>({ id: text(), namespace: text() });

/** Reads the body of `session/create` (consul-behaviour.md 1.5). */
export const sessionBodyField: Field<SessionBody> = object<SessionBody>(
  {
    name: text(),
    node: text(),
    lockDelay: optional(lockDelayField),
    behavior: oneOf(['release', 'delete']),
    ttl: named('TTL', text()),
    checks: nullable(list(text())),
    nodeChecks: nullable(list(text())),
    serviceChecks: nullable(list(serviceCheckField)),
  },
  { ignored: ['ID', 'CreateIndex', 'ModifyIndex', 'Namespace', 'Partition', 'Datacenter'] },
);

/** A body as a session: defaults filled in. `ownNode` is where it lives unless it names another node. */
export function toSession(body: SessionBody, id: string, ownNode: string): SessionDefinition {
  return {
    id,
    name: body.name,
    node: body.node === '' ? ownNode : body.node,
    lockDelayMs: body.lockDelay ?? DEFAULT_LOCK_DELAY_MS,
    behavior: body.behavior === '' ? 'release' : body.behavior,
    ttl: body.ttl,
    nodeChecks: nodeChecksOf(body),
    serviceChecks: body.serviceChecks,
  };
}

function nodeChecksOf({ checks, nodeChecks }: SessionBody): readonly string[] {
  if (checks === null && nodeChecks === null) return DEFAULT_CHECKS;
  return [...new Set([...(nodeChecks ?? []), ...(checks ?? [])])];
}

/** A session as the session endpoints show it. */
export function encodeSession(session: SessionRecord): Record<string, unknown> {
  return {
    ID: session.id,
    Name: session.name,
    Node: session.node,
    LockDelay: durationToNanoseconds(session.lockDelayMs),
    Behavior: session.behavior,
    TTL: session.ttl,
    NodeChecks: session.nodeChecks,
    ServiceChecks: session.serviceChecks?.map(({ id, namespace }) => ({ ID: id, Namespace: namespace })) ?? null,
    CreateIndex: session.createIndex,
    ModifyIndex: session.modifyIndex,
  };
}
