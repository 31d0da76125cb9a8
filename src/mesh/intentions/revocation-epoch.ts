import { tupleKey, tupleParts } from '../../core/index.js';
import type { Cell, MeshView } from '../../model/index.js';

const EVERYBODY = '*';

/**
 * When access was last taken away from a source, by destination (`*` = to all of them): the greatest modifyIndex among the
 * revocations that name it or every source. What of it concerns an outbound chain enters the chain's metadata, so that connections
 * made before end (docs/architecture.md, "Decisions that are not obvious").
 */
export function revocationsFrom(view: MeshView, source: string): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>();
  for (const name of [source, EVERYBODY])
    for (const { destination, modifyIndex } of view.range('revocations', 'bySource', [name]))
      indexes.set(destination, Math.max(modifyIndex, indexes.get(destination) ?? 0));
  return indexes;
}

/** When access to any of these destinations, or to all, was last taken away; 0 = never. `epochs`: of the source (`revocationsFrom`). */
export function greatestEpoch(epochs: ReadonlyMap<string, number>, destinations: readonly string[]): number {
  let greatest = epochs.get(EVERYBODY) ?? 0;
  for (const destination of destinations) greatest = Math.max(greatest, epochs.get(destination) ?? 0);
  return greatest;
}

/** Key of `revocationEpochsCell`: a source and what it calls, in any order. */
export const revocationEpochsKey = (source: string, destinations: readonly string[]): string =>
  tupleKey(source, ...[...new Set(destinations)].sort());

/**
 * `revocationsFrom` for what a source calls: one for all its proxies that call the same. What is taken away from somebody else, or
 * elsewhere, ends here.
 */
export const revocationEpochsCell: Cell<ReadonlyMap<string, number>> = {
  kind: 'revocation-epochs',
  compute(view, key) {
    const [source = '', ...destinations] = tupleParts(key);
    const revoked = revocationsFrom(view, source);
    const epochs = new Map<string, number>();
    for (const destination of [EVERYBODY, ...destinations]) {
      const index = revoked.get(destination);
      if (index !== undefined) epochs.set(destination, index);
    }
    return epochs;
  },
};
