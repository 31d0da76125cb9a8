import { tupleKey, tupleParts } from '../../core/index.js';
import type { Cell, MeshView } from '../../model/index.js';

const EVERYBODY = '*';

/**
 * Source -> when access was last taken away from it, by destination (`*` = to all of them): the greatest modifyIndex among the
 * revocations that name it or every source. A denial of somebody else ends here.
 */
export const revocationsFromCell: Cell<ReadonlyMap<string, number>> = {
  kind: 'revocations-from',
  compute(view, source) {
    const indexes = new Map<string, number>();
    for (const name of [source, EVERYBODY])
      for (const { destination, modifyIndex } of view.range('revocations', 'bySource', [name]))
        indexes.set(destination, Math.max(modifyIndex, indexes.get(destination) ?? 0));
    return indexes;
  },
};

/**
 * When access to any of these destinations was last taken away from a source: those for every destination or every source included,
 * 0 = never. It enters the metadata of outbound chains, so that connections made before end (docs/architecture.md, "Taking access
 * away").
 */
export function revocationEpoch(view: MeshView, destinations: readonly string[], source: string): number {
  return greatestEpoch(view.cell(revocationsFromCell, source), destinations);
}

/** The greatest index of these destinations, or of all. */
export function greatestEpoch(epochs: ReadonlyMap<string, number>, destinations: readonly string[]): number {
  let greatest = epochs.get(EVERYBODY) ?? 0;
  for (const destination of destinations) greatest = Math.max(greatest, epochs.get(destination) ?? 0);
  return greatest;
}

/** Key of `revocationEpochsCell`: a source and what it calls, in any order. */
export const revocationEpochsKey = (source: string, destinations: readonly string[]): string =>
  tupleKey(source, ...[...new Set(destinations)].sort());

/**
 * `revocationsFromCell` for what a source calls: one for all its proxies that call the same, so that what is taken away elsewhere
 * concerns none of them.
 */
export const revocationEpochsCell: Cell<ReadonlyMap<string, number>> = {
  kind: 'revocation-epochs',
  compute(view, key) {
    const [source = '', ...destinations] = tupleParts(key);
    const revoked = view.cell(revocationsFromCell, source);
    const epochs = new Map<string, number>();
    for (const destination of [EVERYBODY, ...destinations]) {
      const index = revoked.get(destination);
      if (index !== undefined) epochs.set(destination, index);
    }
    return epochs;
  },
};
