import { describe, expect, it } from 'vitest';
import { KeptAnswers } from '../../../src/client-agent/http/kept-answers.js';

const answer = (bytes: number) => ({ status: 200, rawHeaders: [], body: Buffer.alloc(bytes), index: 1, atMs: 0 });

describe('kept answers', () => {
  it('are given again, and replaced by newer ones', () => {
    const kept = new KeptAnswers(100_000);
    kept.put('a', answer(10));
    kept.put('a', answer(20));
    expect([kept.get('a')?.body.length, kept.size]).toEqual([20, 1]);
    expect(kept.get('b')).toBeUndefined();
  });

  it('are together never more than they may be: those not asked for go first', () => {
    const kept = new KeptAnswers(100_000);
    for (const name of ['a', 'b', 'c']) kept.put(name, answer(20_000));
    kept.get('a');
    for (const name of ['d', 'e', 'f']) kept.put(name, answer(20_000));
    expect(kept.bytes).toBeLessThanOrEqual(100_000);
    expect(['a', 'b', 'c', 'f'].map((name) => kept.get(name) !== undefined)).toEqual([true, false, false, true]);
  });

  it('leave out one that alone would push out many others', () => {
    const kept = new KeptAnswers(100_000);
    kept.put('a', answer(10));
    kept.put('big', answer(30_000));
    expect([kept.get('big'), kept.size]).toEqual([undefined, 1]);
  });
});
