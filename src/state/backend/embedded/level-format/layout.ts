import { crc32 } from 'node:zlib';
import { sha256Hex } from '../../../../core/index.js';
import type { TableName } from '../../../../model/index.js';
import type { StoredRecord } from '../../backend.js';
import type { ChainPoint } from '../chain.js';

/**
 * How things lay in the database of format 1:
 *   r/<table>/<key>   `<crc32> <createRevision> <modRevision> <value>`, the checksum over all the rest and the key
 *   l/<revision>      one commit: `<hash> {previous, digest, changes}`, the hash over the JSON; `previous` is the one before
 *   m/tip             the newest commit: `<crc32> {revision, hash, digest}`
 *   m/checkpoint      the same of an earlier commit; the log before it may be gone
 * The digest (count and sum of the checksums of all records) tells a lost or stale record.
 */
export const RECORDS = { from: 'r/', to: 'r0' } as const;
export const TIP = 'm/tip';
export const CHECKPOINT = 'm/checkpoint';

export const logKey = (revision: number): string => `l/${String(revision).padStart(16, '0')}`;
export const LOG_END = 'l0';

/** Count and sum of the checksums of a set of records: independent of order. */
export interface Digest {
  readonly count: number;
  readonly sum: number;
}

/** A commit's place in the chain. */
export interface LevelPoint extends ChainPoint {
  readonly digest: Digest;
}

export const EMPTY_LEVEL: LevelPoint = { revision: 1, hash: '', digest: { count: 0, sum: 0 } };

/** Sums stay exact below 2^53: modulo 2^48. */
const SUM_MODULUS = 2 ** 48;

export function addToDigest({ count, sum }: Digest, checksum: number): Digest {
  return { count: count + 1, sum: (sum + checksum) % SUM_MODULUS };
}

/** A record read back with its checksum; undefined when key or text is damaged. */
export function decodeStored(
  databaseKey: string,
  text: string,
): { readonly record: StoredRecord; readonly checksum: number } | undefined {
  const slash = databaseKey.indexOf('/', 2);
  const created = text.indexOf(' ', 9);
  const modified = text.indexOf(' ', created + 1);
  if (slash < 0 || created < 0 || modified < 0) return undefined;
  const checksum = Number.parseInt(text.slice(0, 8), 16);
  if (crc32(text.slice(9), crc32(databaseKey.slice(2))) !== checksum) return undefined;
  const record: StoredRecord = {
    table: databaseKey.slice(2, slash) as TableName,
    key: databaseKey.slice(slash + 1),
    value: text.slice(modified + 1),
    createRevision: Number(text.slice(9, created)),
    modRevision: Number(text.slice(created + 1, modified)),
  };
  return { record, checksum };
}

/** The chain at a commit and before it, from the commit's log text; undefined when it is damaged. */
export function decodeLog(
  revision: number,
  text: string,
): { readonly previous: string; readonly point: LevelPoint } | undefined {
  const hash = text.slice(0, text.indexOf(' '));
  const body = text.slice(hash.length + 1);
  if (hash === '' || sha256Hex(`${revision} ${body}`, 32) !== hash) return undefined;
  const { previous, digest } = JSON.parse(body) as { readonly previous: string; readonly digest: Digest };
  return { previous, point: { revision, hash, digest } };
}
