import { crc32 } from 'node:zlib';
import { sha256Hex } from '../../../core/index.js';
import type { TableName } from '../../../model/index.js';
import type { BackendCommit, StoredRecord } from '../backend.js';

/**
 * How things lie in the database:
 *   r/<table>/<key>   `<crc32> <createRevision> <modRevision> <value>`, the checksum over all the rest and the key
 *   l/<revision>      one commit: `<hash> {previous, digest, changes}`, the hash over the JSON; `previous` is the one before
 *   m/tip             the newest commit: {revision, hash, digest}
 *   m/checkpoint      the same of an earlier commit; the log before it may be gone
 * The digest (count and sum of the checksums of all records) tells a lost or stale record at open.
 */
export const RECORDS = { from: 'r/', to: 'r0' } as const;
export const TIP = 'm/tip';
export const CHECKPOINT = 'm/checkpoint';
export const PROBE = 'm/probe';

export const logKey = (revision: number): string => `l/${String(revision).padStart(16, '0')}`;
export const LOG_END = 'l0';
export const recordKey = (table: TableName, key: string): string => `r/${table}/${key}`;

/** Count and sum of the checksums of a set of records: independent of order, changed by adding and taking away. */
export interface Digest {
  readonly count: number;
  readonly sum: number;
}

/** A commit's place in the chain. */
export interface ChainPoint {
  readonly revision: number;
  readonly hash: string;
  readonly digest: Digest;
}

/** Before the first commit. The revision is 1, so that the first commit's index is above the 1 of an empty answer. */
export const EMPTY_CHAIN: ChainPoint = { revision: 1, hash: '', digest: { count: 0, sum: 0 } };

/** Sums stay exact below 2^53: modulo 2^48. */
const SUM_MODULUS = 2 ** 48;

export function addToDigest({ count, sum }: Digest, checksum: number): Digest {
  return { count: count + 1, sum: (sum + checksum) % SUM_MODULUS };
}

export function takeFromDigest({ count, sum }: Digest, checksum: number): Digest {
  return { count: count - 1, sum: (sum + SUM_MODULUS - checksum) % SUM_MODULUS };
}

/** The stored text of a record and its checksum. */
export function encodeStored(record: StoredRecord): { readonly text: string; readonly checksum: number } {
  const body = `${record.createRevision} ${record.modRevision} ${record.value}`;
  const checksum = crc32(body, crc32(`${record.table}/${record.key}`));
  return { text: `${checksum.toString(16).padStart(8, '0')} ${body}`, checksum };
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

type LoggedChange = readonly [table: TableName, key: string, createRevision?: number, value?: string];

interface LogBody {
  readonly previous: string;
  readonly digest: Digest;
  readonly changes: readonly LoggedChange[];
}

/** The log text of a commit that follows `previous`, and its place in the chain. */
export function encodeLog(
  { revision, changes }: BackendCommit,
  previous: string,
  digest: Digest,
): { readonly text: string; readonly point: ChainPoint } {
  const logged = changes.map(
    (change): LoggedChange =>
      'deleted' in change
        ? [change.table, change.key]
        : [change.table, change.key, change.createRevision, change.value],
  );
  const body = JSON.stringify({ previous, digest, changes: logged } satisfies LogBody);
  const hash = chainHash(revision, body);
  return { text: `${hash} ${body}`, point: { revision, hash, digest } };
}

/** A commit read back from its log text; undefined when it is damaged. */
export function decodeLog(
  revision: number,
  text: string,
): { readonly commit: BackendCommit; readonly previous: string; readonly point: ChainPoint } | undefined {
  const hash = text.slice(0, text.indexOf(' '));
  const bodyText = text.slice(hash.length + 1);
  if (hash === '' || chainHash(revision, bodyText) !== hash) return undefined;
  const { previous, digest, changes } = JSON.parse(bodyText) as LogBody;
  const commit: BackendCommit = {
    revision,
    changes: changes.map(([table, key, createRevision, value]) =>
      createRevision === undefined || value === undefined
        ? { table, key, deleted: true }
        : { table, key, value, createRevision, modRevision: revision },
    ),
  };
  return { commit, previous, point: { revision, hash, digest } };
}

/** The text of a chain point with its own checksum. */
export function encodePoint(point: ChainPoint): string {
  const body = JSON.stringify(point);
  return `${crc32(body).toString(16).padStart(8, '0')} ${body}`;
}

/** A chain point read back; undefined when it is damaged. */
export function decodePoint(text: string): ChainPoint | undefined {
  const body = text.slice(9);
  if (Number.parseInt(text.slice(0, 8), 16) !== crc32(body)) return undefined;
  return JSON.parse(body) as ChainPoint;
}

function chainHash(revision: number, body: string): string {
  return sha256Hex(`${revision} ${body}`, 32);
}
