import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KnownRevision } from '../../../src/state/backend/etcd/client/known-revision.js';

describe('the newest revision that etcd named', () => {
  it('takes every order of answers of an etcd that goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ writes: fc.boolean(), late: fc.nat(5) }), { maxLength: 40 }), (requests) => {
        const known = new KnownRevision();
        let revision = 1;
        const open: { due: number; answer: () => boolean }[] = [];
        for (const [at, { writes, late }] of requests.entries()) {
          const { asked } = known;
          if (writes) revision += 1;
          const named = revision;
          open.push({ due: at + late, answer: () => known.take(asked, named, writes) });
          for (const { answer } of open.filter(({ due }) => due === at)) expect(answer()).toBe(true);
        }
        expect(known.newest).toBeLessThanOrEqual(revision);
      }),
    );
  });

  it('does not take an answer that is older than what was known when it was asked for', () => {
    const known = new KnownRevision();
    known.take(known.asked, 10, false);
    const { asked } = known;
    expect(known.take(asked, 9, false)).toBe(false);
    expect(known.take(asked, 10, false)).toBe(true);
    expect(known.newest).toBe(10);
  });

  it('does not take a write at a revision that was known when it was sent', () => {
    const known = new KnownRevision();
    known.take(known.asked, 10, true);
    const { asked } = known;
    expect(known.take(asked, 10, true)).toBe(false);
    expect(known.take(asked, 11, true)).toBe(true);
  });

  it('learns nothing of what was asked before the history changed, and is not alarmed by it', () => {
    const known = new KnownRevision();
    known.take(known.asked, 10, true);
    const { asked } = known;
    known.forget();
    expect(known.take(asked, 50, true)).toBe(true);
    expect(known.take(asked, 3, true)).toBe(true);
    expect(known.newest).toBe(0);
  });
});
