import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatKeyRing,
  isNewer,
  type KeyRing,
  parseKeyRing,
  ringMark,
  ringOfKey,
  withKey,
  withoutKey,
  withPrimary,
} from '../../../src/cluster/credentials/index.js';

const [A, B, C] = [1, 2, 3].map((fill) => Buffer.alloc(32, fill).toString('base64')) as [string, string, string];
const texts = ({ keys }: KeyRing): string[] => keys.map(({ text }) => text);

describe('a keyring', () => {
  it('takes keys in, uses one of them, and lets go of the others', () => {
    const one = ringOfKey(A);
    const two = withKey(one, B);
    expect(texts(two)).toEqual([A, B]);
    const used = withPrimary(two, B);
    expect(texts(used)).toEqual([B, A]);
    expect(texts(withoutKey(used, A))).toEqual([B]);
    expect([one, two, used].map(({ revision }) => revision)).toEqual([0, 1, 2]);
  });

  it('stays the same where nothing is to be done', () => {
    const ring = withKey(ringOfKey(A), B);
    expect(withKey(ring, B)).toBe(ring);
    expect(withPrimary(ring, A)).toBe(ring);
    expect(withoutKey(ring, C)).toBe(ring);
  });

  it('refuses what would make it useless', () => {
    const ring = withKey(ringOfKey(A), B);
    expect(() => withoutKey(ring, A)).toThrow('Removing the primary key is not allowed');
    expect(() => withPrimary(ring, C)).toThrow('Requested key is not in the keyring');
    expect(() => withKey(ring, 'tooshort')).toThrow('key size must be 16, 24 or 32 bytes');
    const full = Array.from({ length: 14 }, (_, at) => Buffer.alloc(16, at + 9).toString('base64')).reduce(
      withKey,
      ring,
    );
    expect(() => withKey(full, C)).toThrow('at most 16 keys');
  });

  it('is read as it was written, and says nothing of what it cannot read', () => {
    const ring = withPrimary(withKey(ringOfKey(A), B), B);
    expect(parseKeyRing(formatKeyRing(ring))).toEqual(ring);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.constant(`{"revision":1,"keys":["${A}x"]}`)), (text) => {
        expect(() => parseKeyRing(text)).toThrow(/^it is not a keyring$/);
      }),
    );
  });

  it('of a greater revision is newer; of two that were made at once all take the same', () => {
    const ring = ringOfKey(A);
    const [left, right] = [ringMark(withKey(ring, B)), ringMark(withKey(ring, C))];
    expect(isNewer(left, ringMark(ring))).toBe(true);
    expect(isNewer(ringMark(ring), left)).toBe(false);
    expect(isNewer(left, right)).toBe(!isNewer(right, left));
    expect(isNewer(left, left)).toBe(false);
    expect(isNewer('', ringMark(ring))).toBe(false);
    expect(isNewer('nonsense', ringMark(ring))).toBe(false);
    expect(left).not.toContain(B);
  });
});
