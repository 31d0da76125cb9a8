import { crc32 } from 'node:zlib';

/** A place in the chain of commits: the newest one before it, and the hash over everything up to there (32 hex digits). */
export interface ChainPoint {
  readonly revision: number;
  readonly hash: string;
}

/** Before the first commit. The revision is 1, so that the first commit's index is above the 1 of an empty answer. */
export const EMPTY_CHAIN: ChainPoint = { revision: 1, hash: '0'.repeat(32) };

/** The text of a chain point with its own checksum. */
export function encodePoint({ revision, hash }: ChainPoint): string {
  const body = JSON.stringify({ revision, hash });
  return `${crc32(body).toString(16).padStart(8, '0')} ${body}`;
}

/** A chain point read back; undefined when it is damaged. */
export function decodePoint(text: string): ChainPoint | undefined {
  const body = text.slice(9);
  if (Number.parseInt(text.slice(0, 8), 16) !== crc32(body)) return undefined;
  return JSON.parse(body) as ChainPoint;
}
