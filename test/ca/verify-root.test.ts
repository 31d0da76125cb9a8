import { describe, expect, it } from 'vitest';
import { makeRoot } from '../../src/ca/root.js';
import { verifyRoot } from '../../src/ca/verify-root.js';

const NOW_MS = Date.UTC(2026, 0, 2);
const DAY_MS = 86_400_000;
const stored = async (ttlMs: number) => {
  const { root } = await makeRoot('11111111-2222-3333-4444-555555555555', NOW_MS, ttlMs, { type: 'ec', bits: 256 });
  return { ...root, createIndex: 1, modifyIndex: 1 };
};

describe('a root read from the state', () => {
  it('is accepted as it was made', async () => {
    await expect(verifyRoot(await stored(DAY_MS), NOW_MS + 1000)).resolves.toBeUndefined();
  });

  it('is refused when it has expired, with a hint at the clock', async () => {
    await expect(verifyRoot(await stored(DAY_MS), NOW_MS + 2 * DAY_MS)).rejects.toThrow(/expired at .* clock/);
  });

  it('is refused when a byte of its signature is different', async () => {
    const root = await stored(DAY_MS);
    const lines = root.rootCertPem.split('\n');
    const last = lines.length - 3;
    lines[last] = (lines[last] ?? '').replace(
      /^(.{8})(.)/,
      (_all, kept: string, digit: string) => kept + (digit === 'A' ? 'B' : 'A'),
    );
    await expect(verifyRoot({ ...root, rootCertPem: lines.join('\n') }, NOW_MS + 1000)).rejects.toThrow(
      /restore the state/,
    );
  });
});
