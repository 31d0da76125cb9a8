import type { IntentionJwtRequirement, IntentionSource, MeshView, ServiceIntentionsEntry } from '../../model/index.js';
import { entryOf } from '../discovery-chain/index.js';

/** One caller's rule about one destination: what service-intentions entries say, taken apart. */
export interface Intention {
  /** A service, or `*` for all. */
  readonly destination: string;
  readonly source: IntentionSource;
  /** Required of every caller of the destination. */
  readonly jwt?: IntentionJwtRequirement;
}

export type IntentionPolicy = 'allow' | 'deny';

/** Who calls: a service of this mesh, or (`peer` set) one of a peer's. */
export interface Caller {
  readonly name: string;
  readonly peer?: string;
}

/** What happens to callers that no intention is about; the server writes the record at its start (absent = allow). */
export function defaultIntentionPolicy(view: MeshView): IntentionPolicy {
  return view.get('system', 'default-intention-policy')?.value === 'deny' ? 'deny' : 'allow';
}

/** The intentions of one entry. */
export function intentionsOf(entry: ServiceIntentionsEntry): readonly Intention[] {
  const { name: destination, jwt } = entry;
  return entry.sources.map((source) => ({ destination, source, ...(jwt && { jwt }) }));
}

/** All intentions that decide about calls to a destination (those for all destinations included), best first. */
export function intentionsTo(view: MeshView, destination: string): readonly Intention[] {
  const names = destination === '*' ? ['*'] : [destination, '*'];
  const entries = names.map((name) => entryOf(view, 'service-intentions', name)).filter((entry) => entry !== undefined);
  return sortIntentions(entries.flatMap(intentionsOf));
}

/** By falling precedence, then by source and destination. */
export function sortIntentions(intentions: readonly Intention[]): readonly Intention[] {
  return [...intentions].sort(compareIntentions);
}

/** Order of intentions: the one that decides comes first. */
export function compareIntentions(left: Intention, right: Intention): number {
  return (
    right.source.precedence - left.source.precedence ||
    compareText(left.source.name, right.source.name) ||
    compareText(left.destination, right.destination) ||
    compareText(left.source.peer, right.source.peer)
  );
}

/** The intention that decides about a caller among those of one destination, best first; undefined = the default decides. */
export function applicableIntention(intentions: readonly Intention[], caller: Caller): Intention | undefined {
  return intentions.find(({ source }) => isFrom(source, caller));
}

/** Whether a source stands for a caller. */
export function isFrom(source: IntentionSource, caller: Caller): boolean {
  return source.peer === (caller.peer ?? '') && (source.name === '*' || source.name === caller.name);
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
