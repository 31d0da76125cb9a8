import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedNames } from '../../../src/xds/resources/shared-names.js';

const names = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('x', 'y')), { maxLength: 4 });

describe('what proxies need of one type', () => {
  it('is the same map for proxies that need the same', () => {
    const first = sharedNames(
      'cluster',
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    );
    expect(
      sharedNames(
        'cluster',
        new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      ),
    ).toBe(first);
    expect(
      sharedNames(
        'endpoint',
        new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      ),
    ).not.toBe(first);
  });

  it('is always what was asked for, in its order, whoever came before', () => {
    fc.assert(
      fc.property(fc.array(names, { maxLength: 30 }), (all) => {
        for (const entries of all) expect([...sharedNames('route', new Map(entries))]).toEqual([...new Map(entries)]);
      }),
    );
  });

  it('is remembered for some only', () => {
    const first = sharedNames('secret', new Map([['kept?', '']]));
    for (let number = 0; number < 1_000; number++) sharedNames('secret', new Map([[`other-${number}`, '']]));
    expect(sharedNames('secret', new Map([['kept?', '']]))).not.toBe(first);
  });
});
