import type { MeshView, Revisions } from '../../model/index.js';
import { type Intention, compareIntentions, intentionsOf } from './intention.js';

/** An intention with the revisions of its entry, as clients see it. */
export interface StoredIntention extends Revisions {
  readonly intention: Intention;
}

/** All intentions, best first. */
export function allIntentions(view: MeshView): readonly StoredIntention[] {
  return view
    .range('config-entries', 'byKind', ['service-intentions'])
    .flatMap(({ entry, createIndex, modifyIndex }) =>
      entry.kind === 'service-intentions'
        ? intentionsOf(entry).map((intention) => ({ intention, createIndex, modifyIndex }))
        : [],
    )
    .sort((left, right) => compareIntentions(left.intention, right.intention));
}

/**
 * The intentions that could decide about calls from a source, or to a destination, best first (consul-behaviour 1.7, match).
 * Those about peers' services are not about a source of that name.
 */
export function intentionMatch(view: MeshView, by: 'source' | 'destination', name: string): readonly StoredIntention[] {
  return allIntentions(view).filter(({ intention: { destination, source } }) =>
    by === 'destination'
      ? destination === name || destination === '*'
      : source.peer === '' && (source.name === name || source.name === '*'),
  );
}
