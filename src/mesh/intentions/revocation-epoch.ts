import type { MeshView } from '../../model/index.js';

/**
 * When access to any of these destinations was last taken away from a source: the greatest modifyIndex among the revocations
 * that concern the pair (those for every destination or every source included), 0 = never. It enters the metadata of outbound
 * chains, so that connections made before end (docs/architecture.md, "Taking access away").
 */
export function revocationEpoch(view: MeshView, destinations: readonly string[], source: string): number {
  const indexes = [...new Set([...destinations, '*'])]
    .flatMap((destination) => view.range('revocations', 'byDestination', [destination]))
    .filter((revocation) => revocation.source === source || revocation.source === '*')
    .map((revocation) => revocation.modifyIndex);
  return Math.max(0, ...indexes);
}
