import type { EntryProgress, EntryProxy } from './propagation-model.js';
import type { ProxySession } from './session.js';
import type { Entry } from './subscription.js';

/** What of a proxy comes from an entry: anything at all, something that is not accepted yet, something refused. */
interface Share {
  pending: boolean;
  refused: boolean;
}

/** A connected proxy, as far as entries are concerned. */
export interface ConcernedSession {
  readonly node: string;
  readonly proxyId: string;
  readonly session: ProxySession;
  readonly acceptedIndex: number;
}

/** How far connected proxies are with what was made from each entry, by `kind/name`. */
export function progressByEntry(connected: Iterable<ConcernedSession>): ReadonlyMap<string, EntryProgress> {
  const found = new Map<string, { proxies: number; pending: number; refused: number; acceptedIndex: number }>();
  for (const { session, acceptedIndex } of connected)
    for (const [name, share] of sharesOf(session)) {
      const known = found.get(name);
      const progress = known ?? { proxies: 0, pending: 0, refused: 0, acceptedIndex };
      progress.proxies++;
      if (share.pending) progress.pending++;
      if (share.refused) progress.refused++;
      progress.acceptedIndex = Math.min(progress.acceptedIndex, acceptedIndex);
      if (!known) found.set(name, progress);
    }
  return found;
}

/** The connected proxies that have something from one entry, by node and id. */
export function proxiesOfEntry(connected: Iterable<ConcernedSession>, name: string): readonly EntryProxy[] {
  const found: EntryProxy[] = [];
  for (const { node, proxyId, session, acceptedIndex } of connected) {
    const share = sharesOf(session).get(name);
    if (share) found.push({ node, proxyId, service: session.needs.identity.service, ...share, acceptedIndex });
  }
  return found.sort((left, right) => (left.node + left.proxyId < right.node + right.proxyId ? -1 : 1));
}

function sharesOf(session: ProxySession): Map<string, Share> {
  const shares = new Map<string, Share>();
  for (const { entries } of Object.values(session.subscriptions))
    for (const entry of entries.values()) {
      const names = entry.source.current?.entries ?? [];
      if (names.length === 0) continue;
      const refused = isRefused(session, entry);
      const pending = !refused && isPending(entry);
      for (const name of names) {
        const share = shares.get(name);
        if (!share) shares.set(name, { pending, refused });
        else {
          share.pending ||= pending;
          share.refused ||= refused;
        }
      }
    }
  return shares;
}

function isRefused(session: ProxySession, entry: Entry): boolean {
  return session.refusals.size > 0 && session.refusals.get(entry)?.version === entry.source.current?.version;
}

function isPending(entry: Entry): boolean {
  return entry.visible && entry.accepted?.version !== entry.source.current?.version;
}
