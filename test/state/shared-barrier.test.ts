import { describe, expect, it } from 'vitest';
import { AppliedRevisions } from '../../src/state/applied-revisions.js';
import { SharedBarrier } from '../../src/state/shared-barrier.js';
import { type Backend, createMemoryBackend } from '../../src/state/index.js';

/** An engine whose reads are answered by hand, in order. */
function slowEngine() {
  const reads: { answer: (revision: number) => void; fail: (error: Error) => void }[] = [];
  const backend: Backend = {
    ...createMemoryBackend(),
    barrier: () => new Promise((answer, fail) => reads.push({ answer, fail })),
  };
  const applied = new AppliedRevisions();
  applied.advance(7);
  return { reads, barrier: new SharedBarrier(backend, applied), applied };
}

const oneTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the barrier of a store', () => {
  it('asks the engine once for a thousand reads that come at once', async () => {
    const { reads, barrier } = slowEngine();
    const waiting = Array.from({ length: 1_000 }, () => barrier.wait());
    await oneTurn();
    expect(reads).toHaveLength(1);
    reads[0]?.answer(7);
    await Promise.all(waiting);
    expect(reads).toHaveLength(1);
  });

  it('gives those who come while the engine is asked an answer that was asked for after they came, all the same one', async () => {
    const { reads, barrier } = slowEngine();
    const first = barrier.wait();
    await oneTurn();
    let done = 0;
    const later = Array.from({ length: 1_000 }, () => barrier.wait().then(() => (done += 1)));
    reads[0]?.answer(7);
    await first;
    await oneTurn();
    expect([reads.length, done]).toEqual([2, 0]);
    reads[1]?.answer(7);
    await Promise.all(later);
    expect(reads).toHaveLength(2);
  });

  it('waits until what the engine names is applied here', async () => {
    const { reads, barrier, applied } = slowEngine();
    let isDone = false;
    const waiting = barrier.wait().then(() => (isDone = true));
    await oneTurn();
    reads[0]?.answer(8);
    await oneTurn();
    expect(isDone).toBe(false);
    applied.advance(8);
    await waiting;
  });

  it('fails for those who shared a failed read, and asks anew for the next', async () => {
    const { reads, barrier } = slowEngine();
    const both = [barrier.wait(), barrier.wait()];
    await oneTurn();
    const next = barrier.wait();
    reads[0]?.fail(new Error('gone'));
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await oneTurn();
    reads[1]?.answer(7);
    await next;
  });
});
