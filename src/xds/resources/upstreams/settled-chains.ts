import { type AddressClaim, type OutboundChain, encodedChain } from './outbound-chain.js';

/**
 * The chains of a listener, encoded, no two of them with one address: Envoy would refuse the whole listener. An address that
 * several claim belongs to the best claim, of equal ones to the first. A chain that is left with no address is left out. Sorted
 * by first address.
 */
export function settledChains(unsorted: readonly OutboundChain[]): readonly Buffer[] {
  const chains = [...unsorted].sort(byFirstAddress);
  const owners = new Map<string, { readonly chain: OutboundChain; readonly claim: AddressClaim }>();
  let disputed = false;
  for (const chain of chains)
    for (const claim of chain.claims) {
      const known = owners.get(claim.address);
      disputed ||= known !== undefined;
      if (known === undefined || isBetter(claim, known.claim)) owners.set(claim.address, { chain, claim });
    }
  if (!disputed) return chains.map(({ encoded }) => encoded);
  return chains.flatMap((chain) => {
    const kept = chain.claims.map(({ address }) => address).filter((address) => owners.get(address)?.chain === chain);
    if (kept.length === chain.claims.length) return [chain.encoded];
    return kept.length === 0 ? [] : [encodedChain(chain, kept)];
  });
}

function isBetter(claim: AddressClaim, than: AddressClaim): boolean {
  return claim.rank < than.rank || (claim.rank === than.rank && claim.modifyIndex > than.modifyIndex);
}

function byFirstAddress(left: OutboundChain, right: OutboundChain): number {
  const [one = '', other = ''] = [left.claims[0]?.address, right.claims[0]?.address];
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
