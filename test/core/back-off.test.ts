import { expect, it } from 'vitest';
import { backOffMs } from '../../src/core/index.js';

const BACK_OFF = { firstMs: 500, longestMs: 15_000 };

it('pauses twice as long after each failure, up to the longest pause', () => {
  const pauses = [1, 2, 3, 5, 6, 7, 100, 5000].map((failures) => backOffMs(failures, BACK_OFF));
  expect(pauses).toEqual([500, 1000, 2000, 8000, 15_000, 15_000, 15_000, 15_000]);
});

it('begins with the first pause also where nothing has failed yet, and never pauses longer than the longest', () => {
  expect(backOffMs(0, BACK_OFF)).toBe(500);
  expect(backOffMs(1, { firstMs: 60_000, longestMs: 1000 })).toBe(1000);
});
