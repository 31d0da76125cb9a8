import { createHash, hash } from 'node:crypto';

/** SHA-256 as lower-case hex, cut to `length` characters (64 = whole). */
export function sha256Hex(data: string | Uint8Array, length = 64): string {
  return hash('sha256', data, 'hex').slice(0, length);
}

/** SHA-1 as base64 for URLs, without padding: for names that other programs make the same way, never for safety. */
export function sha1Base64Url(text: string): string {
  return createHash('sha1').update(text).digest('base64url');
}
