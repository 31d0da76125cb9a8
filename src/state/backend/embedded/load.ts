import type { BackendCommit, StoredRecord } from '../backend.js';
import { damaged } from './errors.js';
import type { KeyValueReader } from './key-value-database.js';
import {
  CHECKPOINT,
  type ChainPoint,
  EMPTY_CHAIN,
  LOG_END,
  RECORDS,
  TIP,
  addToDigest,
  decodeLog,
  decodePoint,
  decodeStored,
  logKey,
} from './layout.js';

export interface LoadedRecord {
  readonly record: StoredRecord;
  readonly checksum: number;
}

export interface LoadedState {
  readonly tip: ChainPoint;
  readonly checkpoint: ChainPoint;
  readonly records: readonly LoadedRecord[];
}

/**
 * Reads everything and checks it: each record by its checksum, all of them by the digest, the log since the checkpoint by its
 * hashes, its end by the witness. Throws AppError('corruptState') that names the folder and what is wrong; changes nothing.
 */
export async function loadState(
  database: KeyValueReader,
  folder: string,
  witness: ChainPoint | undefined,
): Promise<LoadedState> {
  try {
    const checkpoint = await readPoint(database, CHECKPOINT);
    const tip = await readPoint(database, TIP);
    await verifyChain(database, checkpoint, tip, witness);
    return { tip, checkpoint, records: await readRecords(database, tip) };
  } catch (thrown) {
    throw damaged(folder, thrown);
  }
}

/** The commits after `from` up to the newest, verified. Throws AppError('corruptState'). */
export async function readCommitsAfter(
  database: KeyValueReader,
  folder: string,
  from: ChainPoint,
): Promise<{ readonly tip: ChainPoint; readonly commits: readonly BackendCommit[] }> {
  try {
    const tip = await readPoint(database, TIP);
    const commits: BackendCommit[] = [];
    await walkChain(database, from, tip, (commit) => commits.push(commit));
    return { tip, commits };
  } catch (thrown) {
    throw damaged(folder, thrown);
  }
}

class Damage extends Error {}

async function readPoint(database: KeyValueReader, key: string): Promise<ChainPoint> {
  const text = await database.get(key);
  if (text === undefined) return EMPTY_CHAIN;
  const point = decodePoint(text);
  if (!point) throw new Damage(`${key} is not readable`);
  return point;
}

async function verifyChain(
  database: KeyValueReader,
  checkpoint: ChainPoint,
  tip: ChainPoint,
  witness: ChainPoint | undefined,
): Promise<void> {
  if (witness && witness.revision > tip.revision)
    throw new Damage(`commits ${tip.revision + 1} to ${witness.revision}, the newest, are missing`);
  let witnessed = !witness || witness.revision <= checkpoint.revision;
  if (witness?.revision === checkpoint.revision) witnessed = witness.hash === checkpoint.hash;
  await walkChain(database, checkpoint, tip, (_commit, point) => {
    if (witness?.revision === point.revision) witnessed = witness.hash === point.hash;
  });
  if (!witnessed) throw new Damage(`commit ${witness?.revision} is not the one that was written`);
}

async function walkChain(
  database: KeyValueReader,
  from: ChainPoint,
  tip: ChainPoint,
  visit: (commit: BackendCommit, point: ChainPoint) => void,
): Promise<void> {
  let last = from;
  for await (const page of database.pages(logKey(from.revision + 1), LOG_END)) {
    for (const [key, text] of page) {
      const revision = last.revision + 1;
      if (key !== logKey(revision)) throw new Damage(`commit ${revision} is missing from the log`);
      const entry = decodeLog(revision, text);
      if (entry?.previous !== last.hash) throw new Damage(`commit ${revision} is damaged in the log`);
      visit(entry.commit, entry.point);
      last = entry.point;
    }
  }
  if (last.revision !== tip.revision || last.hash !== tip.hash)
    throw new Damage(`the log ends with commit ${last.revision}, but the newest is ${tip.revision}`);
}

async function readRecords(database: KeyValueReader, tip: ChainPoint): Promise<LoadedRecord[]> {
  const records: LoadedRecord[] = [];
  let digest = EMPTY_CHAIN.digest;
  for await (const page of database.pages(RECORDS.from, RECORDS.to)) {
    for (const [key, text] of page) {
      const loaded = decodeStored(key, text);
      if (!loaded) throw new Damage(`the record ${key.slice(2).replaceAll('\u0000', '/')} has a wrong checksum`);
      records.push(loaded);
      digest = addToDigest(digest, loaded.checksum);
    }
  }
  if (digest.count !== tip.digest.count)
    throw new Damage(`there are ${digest.count} records where ${tip.digest.count} were written`);
  if (digest.sum !== tip.digest.sum) throw new Damage('some records are older than the newest commit says');
  return records;
}
