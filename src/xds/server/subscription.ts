import type { EncodedResource, ResourceType } from '../resources/spec.js';
import { EntryTable } from './entry-table.js';
import { type ResourceSource, type ResourceUser, SharedCell } from './resource-cells.js';

/** Told that there is something to send. */
export interface Wakeable {
  wake(): void;
  /** A filter is due. */
  filterDue(): void;
}

/** One response that the client has not answered yet. */
export interface Outstanding {
  readonly nonce: string;
  /** State index it was made at. */
  readonly index: number;
  readonly items: readonly { readonly entry: Entry; readonly resource: EncodedResource }[];
  readonly removed: readonly string[];
}

/** Of all streams that have nothing unanswered: most of them, most of the time. */
export const NONE_OUTSTANDING: readonly Outstanding[] = [];

const WANTED = 1;
const ON_DEMAND = 2;
const PERMANENT = 4;
const SUBSCRIBED = 8;
const HELD = 16;

/**
 * One resource name at one client: where its content comes from and what the client has of it. There are some seventy of these per
 * proxy, so the yes-or-no facts share one number.
 */
export class Entry implements ResourceUser {
  readonly owner: Subscription;
  readonly name: string;
  source: ResourceSource;
  position = 0;
  /** The version that was sent last on this stream, or claimed when it opened. */
  sent: string | undefined = undefined;
  accepted: EncodedResource | undefined = undefined;
  #facts = WANTED;

  constructor(owner: Subscription, name: string, source: ResourceSource) {
    this.owner = owner;
    this.name = name;
    this.source = source;
  }

  sourceChanged(): void {
    this.owner.markDirty(this);
  }

  /** The client says that it has this version. */
  claim(version: string): void {
    const { current } = this.source;
    const isCurrent = current?.version === version;
    // The text that all share, not the one that came with this request.
    this.sent = isCurrent ? current.version : version;
    this.held = true;
    if (isCurrent) this.accepted = current;
  }

  /** In the proxy's needs (or asked for on demand); false = lingers until what uses it is gone. */
  get wanted(): boolean {
    return this.#is(WANTED);
  }

  set wanted(value: boolean) {
    this.#set(WANTED, value);
  }

  /** Not in the needs: lives while the client is subscribed to it. */
  get onDemand(): boolean {
    return this.#is(ON_DEMAND);
  }

  set onDemand(value: boolean) {
    this.#set(ON_DEMAND, value);
  }

  /** Not from the needs, and every proxy has it: its leaf. */
  get permanent(): boolean {
    return this.#is(PERMANENT);
  }

  set permanent(value: boolean) {
    this.#set(PERMANENT, value);
  }

  /** Asked for by name. */
  get subscribed(): boolean {
    return this.#is(SUBSCRIBED);
  }

  set subscribed(value: boolean) {
    this.#set(SUBSCRIBED, value);
  }

  /** The client may hold something of this name: it was sent once, or claimed. */
  get held(): boolean {
    return this.#is(HELD);
  }

  set held(value: boolean) {
    this.#set(HELD, value);
  }

  /** Whether the client is to be told about this name without being asked again. */
  get visible(): boolean {
    return this.subscribed || this.owner.wildcard;
  }

  get cellKey(): string | undefined {
    return this.source instanceof SharedCell ? this.source.key : undefined;
  }

  #is(fact: number): boolean {
    return (this.#facts & fact) !== 0;
  }

  #set(fact: number, value: boolean): void {
    this.#facts = value ? this.#facts | fact : this.#facts & ~fact;
  }
}

/** What one stream has asked for, has been sent and has answered, of one resource type. */
export class Subscription {
  readonly type: ResourceType;
  readonly entries = new EntryTable();
  /** The first request of the type has come. */
  known = false;
  wildcard = false;
  /** The first request of a wildcard is always answered, if need be with an empty response (envoy-facts 0.6). */
  firstAnswerDue = false;
  /** Asked for by name, and there is no such thing for this client. */
  strangers: Set<string> | undefined;
  /** Entries whose content may differ from what was sent. */
  dirty: Set<Entry> | undefined;
  /** Entries that were asked for: answered whatever was sent before (envoy-facts 0.3). */
  answers: Set<Entry> | undefined;
  /** Asked for and not there: answered as removed. */
  absent: Set<string> | undefined;
  /** Entries to send alone, at once: members of a refused batch, and what a client claims in an old version. */
  singly: Set<Entry> | undefined;
  /** Names to tell the client to drop, when nothing uses them any more. */
  removals: Set<string> | undefined;
  /** Names that follow a cluster sent before this type was asked for: their claim must not be trusted. */
  owed: Set<string> | undefined;
  /** Claims of names that are missing while needs are incomplete (`keepsOthers`): name -> version. */
  undecided: Map<string, string> | undefined;
  outstanding: readonly Outstanding[] = NONE_OUTSTANDING;
  readonly #session: Wakeable;

  constructor(type: ResourceType, session: Wakeable) {
    this.type = type;
    this.#session = session;
  }

  /** Clusters and listeners may be asked for all at once; the protocol has no wildcard for other types. */
  get canBeWildcard(): boolean {
    return this.type === 'cluster' || this.type === 'listener';
  }

  markDirty(entry: Entry): void {
    (this.dirty ??= new Set()).add(entry);
    if (this.type === 'extension') this.#session.filterDue();
    this.#session.wake();
  }

  answer(entry: Entry): void {
    (this.answers ??= new Set()).add(entry);
  }

  markAllDirty(): void {
    for (const entry of this.entries.values()) if (entry.visible) this.markDirty(entry);
  }

  remove(name: string): void {
    (this.removals ??= new Set()).add(name);
    this.#session.wake();
  }

  /** Something was asked for that must be answered now, gate or no gate. */
  get mustAnswer(): boolean {
    return this.firstAnswerDue || this.answers !== undefined || this.absent !== undefined || this.singly !== undefined;
  }

  /** Something may have to be sent, other than a removal. */
  get hasNews(): boolean {
    return this.dirty !== undefined || this.mustAnswer;
  }

  get hasWork(): boolean {
    return this.hasNews || (this.removals !== undefined && this.removals.size > 0);
  }

  clearWork(): void {
    this.firstAnswerDue = false;
    this.dirty = undefined;
    this.answers = undefined;
    this.absent = undefined;
    this.singly = undefined;
  }
}

/** What the client has of an entry once it has taken all that was sent; undefined = that is not known. */
export function newestOf(entry: Entry): EncodedResource | undefined {
  const sent = entry.owner.outstanding.flatMap(({ items }) => items).filter((item) => item.entry === entry);
  return sent.at(-1)?.resource ?? entry.accepted;
}
