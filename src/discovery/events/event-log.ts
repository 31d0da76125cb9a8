import { AppError, type Clock, nameProblem } from '../../core/index.js';
import { type Regex, compileRegex } from '../../lang/regex/index.js';
import { eventIndex } from './event-index.js';

/** A user event (consul-behaviour.md 1.5). Filters are RE2 expressions that match somewhere; empty = everybody. */
export interface UserEvent {
  /** UUID. */
  readonly id: string;
  readonly name: string;
  readonly payload: Buffer;
  readonly nodeFilter: string;
  readonly serviceFilter: string;
  readonly tagFilter: string;
  readonly version: number;
  /** Lamport time at which the listing agent saw it; 0 in the answer to who fired it. */
  readonly lTime: number;
}

export type FiredEvent = Omit<UserEvent, 'id' | 'version' | 'lTime'>;

/** What of this agent the filters of events are held against. */
export interface EventReceiver {
  readonly node: string;
  readonly services: () => Iterable<{ readonly service: string; readonly tags: readonly string[] }>;
}

export interface EventLogOptions {
  readonly receiver: EventReceiver;
  readonly clock: Clock;
  /** Makes a UUID. */
  readonly makeId: () => string;
  /** Tells other members of an event that was fired here. */
  readonly publish?: (event: UserEvent) => void;
}

/** Events with the index at which they stand: that of the last one, 1 if there is none. */
export interface ListedEvents {
  readonly events: readonly UserEvent[];
  readonly index: bigint;
}

export interface EventLog {
  /**
   * Fires an event: this agent sees it at once, if it is meant. Throws `invalidArgument` for what cannot be fired: no name, wrong
   * filters, more than the members of a cluster tell each other in one message.
   */
  fire(event: FiredEvent): UserEvent;
  /** An event that some member fired: kept if it is meant for this agent and new. */
  receive(event: UserEvent): void;
  /** The events of a name (empty = all) that this agent has seen last, in the order in which it saw them. */
  list(name: string): ListedEvents;
  /** Resolves when `list(name)` no longer stands at `index`, or `waitMs` is over, or the signal aborts. */
  changed(name: string, index: bigint, waitMs: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

const KEPT = 256;
/** Name, filters and payload together: what fits into one gossip message. */
const MAX_BYTES = 512;
const VERSION = 1;

/** The user events that this agent has seen. */
export function createEventLog(options: EventLogOptions): EventLog {
  return new Log(options);
}

class Log implements EventLog {
  readonly #options: EventLogOptions;
  readonly #waiting = new Set<() => void>();
  #events: readonly UserEvent[] = [];
  /** Lamport time: of the newest event that was fired or heard of. */
  #time = 1;

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  fire(event: FiredEvent): UserEvent {
    checkEvent(event);
    const fired = { ...event, id: this.#options.makeId(), version: VERSION, lTime: this.#time + 1 };
    this.receive(fired);
    this.#options.publish?.(fired);
    return { ...fired, lTime: 0 };
  }

  receive(event: UserEvent): void {
    this.#time = Math.max(this.#time, event.lTime);
    if (this.#events.some(({ id }) => id === event.id) || !isMeant(event, this.#options.receiver)) return;
    this.#events = [...this.#events, event].slice(-KEPT);
    for (const wake of [...this.#waiting]) wake();
  }

  list(name: string): ListedEvents {
    const events = name === '' ? this.#events : this.#events.filter((event) => event.name === name);
    const last = events.at(-1);
    return { events, index: last === undefined ? 1n : eventIndex(last.id) };
  }

  changed(name: string, index: bigint, waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.list(name).index !== index || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        cancelTimer();
        signal.removeEventListener('abort', finish);
        this.#waiting.delete(wake);
        resolve();
      };
      const wake = (): void => {
        if (this.list(name).index !== index) finish();
      };
      const cancelTimer = this.#options.clock.after(waitMs, finish);
      signal.addEventListener('abort', finish, { once: true });
      this.#waiting.add(wake);
    });
  }

  close(): void {
    this.#events = [];
    this.#waiting.clear();
  }
}

function checkEvent({ name, payload, nodeFilter, serviceFilter, tagFilter }: FiredEvent): void {
  if (name === '') throw new AppError('invalidArgument', 'Missing name');
  const problem = nameProblem(name);
  if (problem !== undefined) throw new AppError('invalidArgument', `Invalid event name: it ${problem}`);
  if (tagFilter !== '' && serviceFilter === '')
    throw new AppError('invalidArgument', 'Cannot provide tag filter without service filter');
  compile('node', nodeFilter);
  compile('service', serviceFilter);
  compile('tag', tagFilter);
  const texts = [name, nodeFilter, serviceFilter, tagFilter];
  const bytes = payload.length + texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MAX_BYTES)
    throw new AppError(
      'invalidArgument',
      `error broadcasting event: user event exceeds configured limit of ${MAX_BYTES} bytes: name, filters and payload have ${bytes}`,
    );
}

function compile(what: string, pattern: string): Regex | undefined {
  if (pattern === '') return undefined;
  try {
    return compileRegex(pattern);
  } catch (thrown) {
    throw new AppError('invalidArgument', `Invalid ${what} filter: ${AppError.from(thrown).message}`);
  }
}

/** A filter that this version cannot read, or a name that is too long for it, does not match. */
function isMeant({ nodeFilter, serviceFilter, tagFilter }: UserEvent, { node, services }: EventReceiver): boolean {
  try {
    const [ofNode, ofService, ofTag] = [
      compile('node', nodeFilter),
      compile('service', serviceFilter),
      compile('tag', tagFilter),
    ];
    if (ofNode !== undefined && !ofNode.test(node)) return false;
    if (ofService === undefined) return true;
    for (const { service, tags } of services())
      if (ofService.test(service) && (ofTag === undefined || tags.some((tag) => ofTag.test(tag)))) return true;
    return false;
  } catch {
    return false;
  }
}
