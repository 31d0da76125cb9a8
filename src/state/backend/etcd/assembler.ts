import type { BackendCommit } from '../backend.js';
import type { WatchEvent, WatchResponse } from './client/index.js';
import { type BundlePointer, decodeBundle, decodeTip, type Layout } from './layout.js';
import type { UnfoldedBundles } from './unfolded.js';

/** What a watch's answers mean. After `fault` nothing more may be read from the watch. */
export type Assembled =
  | { readonly type: 'commit'; readonly commit: BackendCommit }
  | { readonly type: 'bundle'; readonly revision: number; readonly pointer: BundlePointer }
  | { readonly type: 'fault'; readonly reason: string };

/**
 * Makes commits of a watch's events, and trusts none of them: revisions must go up strictly; `tip` counts transactions, so that
 * a missing one is noticed at the next; and it tells how many changes belong to each, so that a missing change is noticed.
 */
export class CommitAssembler {
  readonly #layout: Layout;
  readonly #unfolded: UnfoldedBundles;
  #events: WatchEvent[] = [];
  #last: number;
  #tipVersion: number | undefined;
  /** Revision of the decision of a large transaction that is being unfolded. */
  #openBundle: number | undefined;

  /** `after` is the revision that is known; `tipVersion` the version of `tip` there, if that is known. */
  constructor(layout: Layout, unfolded: UnfoldedBundles, after: number, tipVersion: number | undefined) {
    this.#layout = layout;
    this.#unfolded = unfolded;
    this.#last = after;
    this.#tipVersion = tipVersion;
  }

  /** The newest revision that was handed out or passed over. */
  get last(): number {
    return this.#last;
  }

  /** Forgets the pieces of an answer that was not finished: the stream begins anew after `last`. */
  restart(): void {
    this.#events = [];
  }

  push({ header, events, fragment }: WatchResponse): Assembled[] {
    this.#events.push(...events);
    if (fragment) return [];
    const all = this.#events;
    this.#events = [];
    const known = Number(header?.revision ?? 0);
    const assembled: Assembled[] = [];
    for (let at = 0; at < all.length; ) {
      const revision = revisionOf(all[at] as WatchEvent);
      let end = at + 1;
      while (end < all.length && revisionOf(all[end] as WatchEvent) === revision) end += 1;
      const next = this.#group(revision, known, all.slice(at, end));
      if (next) assembled.push(next);
      if (next?.type === 'fault') break;
      at = end;
    }
    return assembled;
  }

  #group(revision: number, known: number, events: readonly WatchEvent[]): Assembled | undefined {
    if (revision <= this.#last) return fault(`the watch gave revision ${revision} after ${this.#last}`);
    if (revision > known) return fault(`the watch gave revision ${revision} when etcd was at ${known}`);
    const changes: BackendCommit['changes'][number][] = [];
    let hasTip = false;
    let pointer: BundlePointer | undefined;
    for (const event of events) {
      const parsed = this.#layout.parse(event.kv.key);
      const isPut = event.type === 'PUT';
      if (parsed.type === 'tip') {
        const problem = this.#tip(event, events);
        if (problem) return fault(problem);
        hasTip = true;
      } else if (parsed.type === 'bundle') {
        if (!isPut) this.#openBundle = undefined;
        else if ((pointer = decodeBundle(event.kv.value))) this.#openBundle = revision;
        else return fault('the pointer of a large transaction is not readable');
      } else if (parsed.type === 'history') {
        return fault('etcd was restored from an older copy');
      } else if (parsed.type === 'unfolded') {
        if (isPut) this.#unfolded.note(parsed.revision, revision);
      } else if (parsed.type === 'record') changes.push(this.#change(parsed, event, revision));
    }
    this.#last = revision;
    if (pointer) return { type: 'bundle', revision, pointer };
    const interval = this.#unfolded.around(revision);
    const isUnfolding = this.#openBundle !== undefined || (interval !== undefined && revision > interval.decided);
    if (isUnfolding) return hasTip ? { type: 'commit', commit: { revision, changes: [] } } : undefined;
    return hasTip || changes.length > 0 ? { type: 'commit', commit: { revision, changes } } : undefined;
  }

  #change(
    { table, key }: Pick<BackendCommit['changes'][number], 'table' | 'key'>,
    { type, kv }: WatchEvent,
    revision: number,
  ): BackendCommit['changes'][number] {
    if (type === 'DELETE') return { table, key, deleted: true };
    const createRevision = this.#unfolded.outside(Number(kv.create_revision));
    return { table, key, value: kv.value.toString(), createRevision, modRevision: revision };
  }

  #tip({ type, kv }: WatchEvent, events: readonly WatchEvent[]): string | undefined {
    if (type === 'DELETE') return 'the record of the newest transaction was deleted';
    const version = Number(kv.version);
    const expected = this.#tipVersion === undefined ? version : this.#tipVersion + 1;
    this.#tipVersion = version;
    if (version !== expected) return `the watch skipped transactions (number ${version} came, ${expected} was due)`;
    const value = decodeTip(kv.value);
    if (!value) return 'the record of the newest transaction is not readable';
    const puts = events.filter((event) => event.type === 'PUT').length - 1;
    const deletes = events.length - 1 - puts;
    if (puts === value.puts && deletes === value.deletes) return undefined;
    return `the watch gave ${puts} puts and ${deletes} deletes of a transaction with ${value.puts} and ${value.deletes}`;
  }
}

const revisionOf = ({ kv }: WatchEvent): number => Number(kv.mod_revision);

const fault = (reason: string): Assembled => ({ type: 'fault', reason });
