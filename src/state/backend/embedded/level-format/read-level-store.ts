import type { StoredRecord } from '../../backend.js';
import { type ChainPoint, decodePoint } from '../chain.js';
import {
  CHECKPOINT,
  EMPTY_LEVEL,
  LOG_END,
  type LevelPoint,
  RECORDS,
  TIP,
  addToDigest,
  decodeLog,
  decodeStored,
  logKey,
} from './layout.js';
import type { KeyValueReader } from './level-database.js';

/**
 * Reads everything and checks it: each record by its checksum, all of them by the digest, the log since the checkpoint by its
 * hashes, its end by the newest durable commit that is known. What is thrown says what is wrong; changes nothing.
 */
export async function readLevelStore(
  database: KeyValueReader,
  newest: ChainPoint | undefined,
): Promise<{ readonly revision: number; readonly records: readonly StoredRecord[] }> {
  const checkpoint = await readPoint(database, CHECKPOINT);
  const tip = await readPoint(database, TIP);
  if (newest && newest.revision > tip.revision)
    throw new Error(`commits ${tip.revision + 1} to ${newest.revision}, the newest, are missing`);
  const hash = await walkChain(database, checkpoint, tip, newest?.revision);
  if (newest && newest.revision >= checkpoint.revision && hash !== newest.hash)
    throw new Error(`commit ${newest.revision} is not the one that was written`);
  return { revision: tip.revision, records: await readRecords(database, tip) };
}

async function readPoint(database: KeyValueReader, key: string): Promise<LevelPoint> {
  const text = await database.get(key);
  if (text === undefined) return EMPTY_LEVEL;
  const point = decodePoint(text);
  if (!point) throw new Error(`${key} is not readable`);
  return point as LevelPoint;
}

/** Checks the log; the hash of the commit `wanted`, if it is in it. */
async function walkChain(
  database: KeyValueReader,
  from: LevelPoint,
  tip: LevelPoint,
  wanted: number | undefined,
): Promise<string | undefined> {
  let last = from;
  let found = from.revision === wanted ? from.hash : undefined;
  for await (const page of database.pages(logKey(from.revision + 1), LOG_END)) {
    for (const [key, text] of page) {
      const revision = last.revision + 1;
      if (key !== logKey(revision)) throw new Error(`commit ${revision} is missing from the log`);
      const entry = decodeLog(revision, text);
      if (entry?.previous !== last.hash) throw new Error(`commit ${revision} is damaged in the log`);
      last = entry.point;
      if (revision === wanted) found = last.hash;
    }
  }
  if (last.revision !== tip.revision || last.hash !== tip.hash)
    throw new Error(`the log ends with commit ${last.revision}, but the newest is ${tip.revision}`);
  return found;
}

async function readRecords(database: KeyValueReader, { digest: expected }: LevelPoint): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  let digest = EMPTY_LEVEL.digest;
  for await (const page of database.pages(RECORDS.from, RECORDS.to)) {
    for (const [key, text] of page) {
      const loaded = decodeStored(key, text);
      if (!loaded) throw new Error(`the record ${key.slice(2).replaceAll('\u0000', '/')} has a wrong checksum`);
      records.push(loaded.record);
      digest = addToDigest(digest, loaded.checksum);
    }
  }
  if (digest.count !== expected.count)
    throw new Error(`there are ${digest.count} records where ${expected.count} were written`);
  if (digest.sum !== expected.sum) throw new Error('some records are older than the newest commit says');
  return records;
}
