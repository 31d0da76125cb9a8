import { describe, expect, it } from 'vitest';
import { createGate } from '../../../src/agent/checks/gate.js';

const never = new AbortController().signal;

describe('a gate', () => {
  it('lets in as many as it has places, others in the order in which they came', async () => {
    const gate = createGate(2);
    const order: number[] = [];
    const leaves = [await gate.enter(never), await gate.enter(never)];
    const later = [3, 4].map(async (number) => {
      const leave = await gate.enter(never);
      order.push(number);
      return leave;
    });
    await Promise.resolve();
    expect(order).toEqual([]);
    leaves[0]?.();
    leaves[0]?.();
    const third = await later[0];
    expect(order).toEqual([3]);
    third?.();
    await later[1];
    expect(order).toEqual([3, 4]);
  });

  it('forgets who gives up', async () => {
    const gate = createGate(1);
    const leave = await gate.enter(never);
    const impatient = new AbortController();
    const waiting = gate.enter(impatient.signal);
    impatient.abort();
    expect(await waiting).toBeUndefined();
    leave?.();
    expect(await gate.enter(never)).toBeDefined();
  });
});
