import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  deriveClusterSecrets,
  formatJoinToken,
  joinTokenOf,
  parseJoinToken,
} from '../../../src/cluster/credentials/index.js';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));

describe('a join token', () => {
  it('is read back as it was written, whatever the bytes', () => {
    fc.assert(
      fc.property(bytes32, bytes32, (authorityHash, secret) => {
        expect(parseJoinToken(` ${formatJoinToken({ authorityHash, secret })}\n`)).toEqual({ authorityHash, secret });
      }),
    );
  });

  it('has one spelling: no other text is read as the same token', () => {
    fc.assert(
      fc.property(
        bytes32,
        bytes32,
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        (hash, secret, place, letter) => {
          const token = formatJoinToken({ authorityHash: hash, secret });
          const at = place % token.length;
          const other = token.slice(0, at) + letter + token.slice(at + 1);
          if (other.trim() === token) return;
          let read: string | undefined;
          try {
            read = formatJoinToken(parseJoinToken(other));
          } catch {
            return;
          }
          expect(read).toBe(other.trim());
        },
      ),
    );
  });

  it('is refused with one sentence that does not repeat it, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseJoinToken(text)).toThrow(/operator join-token" on a server shows the right one$/);
        expect(() => parseJoinToken(`mwj1.${text}`)).toThrow(/^the join token is cut off or damaged/);
      }),
    );
  });

  it('comes from the cluster key and holds none of it', () => {
    const key = Buffer.alloc(32, 7);
    const secrets = deriveClusterSecrets(key.toString('base64'));
    const token = formatJoinToken(joinTokenOf(secrets));
    expect(token).toMatch(/^mwj1\.[\w-]{43}\.[\w-]{43}$/);
    expect(parseJoinToken(token).authorityHash).toEqual(secrets.authority.publicKeyHash);
    expect(token).not.toContain(key.toString('base64url'));
  });
});
