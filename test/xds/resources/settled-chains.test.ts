import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessage } from '../../../src/xds/envoy-api/index.js';
import {
  type AddressClaim,
  type OutboundChain,
  encodedChain,
} from '../../../src/xds/resources/upstreams/outbound-chain.js';
import { settledChains } from '../../../src/xds/resources/upstreams/settled-chains.js';

interface DecodedChain {
  readonly filters: readonly { readonly name: string }[];
  readonly filter_chain_match: {
    readonly prefix_ranges: readonly { address_prefix: string; prefix_len: unknown }[];
    readonly destination_port?: { readonly value: number };
  };
}

function chain(name: string, claims: readonly AddressClaim[], ports: readonly number[] = []): OutboundChain {
  const parts = { chain: { filters: [{ name }] }, ports };
  return {
    claims,
    ...parts,
    encoded: encodedChain(
      parts,
      claims.map(({ address }) => address),
    ),
  };
}

const claim = (address: string, rank: AddressClaim['rank'] = 0, modifyIndex = 0): AddressClaim => ({
  address,
  rank,
  modifyIndex,
});

/** `name: address address`, of each chain of a listener put together from encoded ones. */
function settled(chains: readonly OutboundChain[]): readonly string[] {
  const listener = decodeMessage('envoy.config.listener.v3.Listener', Buffer.concat(settledChains(chains)));
  return ((listener['filter_chains'] ?? []) as readonly DecodedChain[]).map(
    ({ filters, filter_chain_match: { prefix_ranges: ranges, destination_port: port } }) =>
      `${filters[0]?.name}${port ? `@${port.value}` : ''}: ${ranges.map(({ address_prefix: address }) => address).join(' ')}`,
  );
}

describe('chains of one listener', () => {
  test('come in order of their first addresses', () => {
    expect(settled([chain('b', [claim('240.0.0.2')]), chain('a', [claim('240.0.0.1'), claim('192.0.2.1')])])).toEqual([
      'a: 240.0.0.1 192.0.2.1',
      'b: 240.0.0.2',
    ]);
  });

  test('match whole addresses of both versions', () => {
    const only = chain('a', [claim('240.0.0.1'), claim('fd00::1')]);
    const listener = decodeMessage('envoy.config.listener.v3.Listener', Buffer.concat(settledChains([only])));
    const [decoded] = listener['filter_chains'] as readonly DecodedChain[];
    expect(decoded?.filter_chain_match.prefix_ranges).toEqual([
      { address_prefix: '240.0.0.1', prefix_len: { value: 32 } },
      { address_prefix: 'fd00::1', prefix_len: { value: 128 } },
    ]);
  });

  test('an assigned address wins over a tagged one, that over one of an instance', () => {
    const chains = [
      chain('instance', [claim('10.0.0.1', 2, 99), claim('10.0.0.2', 2, 99)]),
      chain('tagged', [claim('10.0.0.2', 1), claim('10.0.0.3', 1)]),
      chain('assigned', [claim('10.0.0.3')]),
    ];
    expect(settled(chains)).toEqual(['instance: 10.0.0.1', 'tagged: 10.0.0.2', 'assigned: 10.0.0.3']);
  });

  test('an address of two instances is that of the newer registration, and a chain without addresses is left out', () => {
    const chains = [chain('old', [claim('10.0.0.1', 2, 5)]), chain('new', [claim('10.0.0.1', 2, 6)])];
    expect(settled(chains)).toEqual(['new: 10.0.0.1']);
    expect(settled([...chains].reverse())).toEqual(['new: 10.0.0.1']);
  });

  test('stand again at each port that others are chosen by, without the addresses that they lost', () => {
    const chains = [
      chain('a', [claim('10.0.0.1'), claim('10.0.0.2', 1)], [80, 443]),
      chain('b', [claim('10.0.0.2')], [80, 443]),
    ];
    expect(settled(chains)).toEqual([
      'a: 10.0.0.1',
      'a@80: 10.0.0.1',
      'a@443: 10.0.0.1',
      'b: 10.0.0.2',
      'b@80: 10.0.0.2',
      'b@443: 10.0.0.2',
    ]);
  });

  test('no two ever have an address in common, and no address is lost', () => {
    const address = fc.integer({ min: 1, max: 6 }).map((last) => `10.0.0.${last}`);
    const claims = fc.uniqueArray(
      fc.tuple(address, fc.constantFrom(0 as const, 1 as const, 2 as const), fc.nat(3)).map((parts) => claim(...parts)),
      { selector: (one) => one.address, minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(fc.array(claims, { maxLength: 5 }), (all) => {
        const chains = all.map((own, position) => chain(`${position}`, own));
        const addresses = settled(chains).flatMap((text) => text.split(' ').slice(1));
        expect([...addresses].sort()).toEqual([...new Set(all.flat().map((one) => one.address))].sort());
      }),
    );
  });
});
