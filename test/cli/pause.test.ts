import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pause } from '../../src/cli/pause.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const DAY_MS = 86_400_000;

test('a pause of forty days is one: longer than a timer of Node holds', async () => {
  let isOver = false;
  void pause(40 * DAY_MS, new AbortController().signal).then(() => (isOver = true));
  await vi.advanceTimersByTimeAsync(40 * DAY_MS - 1);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isOver).toBe(true);
});

test('it ends at once when its signal aborts, and leaves no timer behind', async () => {
  const stop = new AbortController();
  const over = pause(40 * DAY_MS, stop.signal);
  expect(vi.getTimerCount()).toBe(1);
  stop.abort();
  await over;
  expect(vi.getTimerCount()).toBe(0);
  await pause(1, stop.signal);
});
