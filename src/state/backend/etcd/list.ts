import { status } from './client/index.js';
import { AppError } from '../../../core/index.js';
import type { StoredRecord } from '../backend.js';
import { EtcdError, type EtcdClient, type KeyValue, type RangeResponse } from './client/index.js';
import type { Layout } from './layout.js';
import type { UnfoldedBundles } from './unfolded.js';

const FIRST_PAGE_KEYS = 64;
const MAXIMUM_PAGE_KEYS = 4000;
const PAGE_BYTES = 2 * 2 ** 20;
const ATTEMPTS = 5;

/** What is stored at one revision. */
export interface Listing {
  readonly revision: number;
  /** mod_revision of `tip`: no transaction of ours at or below `revision` is newer. 0 = nothing was ever written. */
  readonly tipRevision: number;
  /** How many transactions there were, counted by etcd in `tip`. */
  readonly tipVersion: number;
}

/** A large transaction is being unfolded: what is stored is half of it. */
export class BundleOnItsWay extends Error {}

/**
 * Reads everything at one revision, page by page, each page a linearizable read. Begins again when the revision is compacted
 * meanwhile. `onRestart` is told to forget what it was given. Throws BundleOnItsWay, EtcdError, AppError('unavailable').
 */
export async function listEverything(
  client: EtcdClient,
  layout: Layout,
  unfolded: UnfoldedBundles,
  atLeast: number,
  on: { readonly restart: () => void; readonly record: (record: StoredRecord) => void },
): Promise<Listing> {
  for (let attempt = 1; ; attempt += 1) {
    on.restart();
    try {
      return await listOnce(client, layout, unfolded, atLeast, on.record);
    } catch (thrown) {
      if (attempt === ATTEMPTS || !(thrown instanceof EtcdError && thrown.isCompacted)) throw thrown;
    }
  }
}

async function listOnce(
  client: EtcdClient,
  layout: Layout,
  unfolded: UnfoldedBundles,
  atLeast: number,
  onRecord: (record: StoredRecord) => void,
): Promise<Listing> {
  let [tipRevision, tipVersion] = [0, 0];
  const revision = await readPages(client, layout, atLeast, (kv) => {
    const parsed = layout.parse(kv.key);
    if (parsed.type === 'bundle') throw new BundleOnItsWay();
    // Sorts before all tables, so that intervals are known when records come.
    if (parsed.type === 'unfolded') unfolded.note(parsed.revision, Number(kv.mod_revision));
    else if (parsed.type === 'tip') [tipRevision, tipVersion] = [Number(kv.mod_revision), Number(kv.version)];
    else if (parsed.type === 'record')
      onRecord({
        table: parsed.table,
        key: parsed.key,
        value: kv.value.toString(),
        createRevision: unfolded.outside(Number(kv.create_revision)),
        modRevision: unfolded.outside(Number(kv.mod_revision)),
      });
  });
  return { revision, tipRevision, tipVersion };
}

/** Every key under the prefix in order, at the revision of the first page; returns that revision. */
async function readPages(
  client: EtcdClient,
  layout: Layout,
  atLeast: number,
  onKey: (kv: KeyValue) => void,
): Promise<number> {
  let { key } = layout.everything;
  let [limit, revision, seen, expected] = [FIRST_PAGE_KEYS, 0, 0, 0];
  for (;;) {
    const page = await readPage(client, { ...layout.everything, key, limit, revision }, Math.max(atLeast, revision));
    if (!page) {
      limit = Math.ceil(limit / 8);
      continue;
    }
    if (revision === 0) [revision, expected] = [Number(page.header.revision), Number(page.count)];
    for (const kv of page.kvs) {
      if (Buffer.compare(kv.key, key) < 0 || Number(kv.mod_revision) > revision) throw outOfOrder();
      key = Buffer.concat([kv.key, Buffer.of(0)]);
      onKey(kv);
    }
    seen += page.kvs.length;
    if (!page.more) {
      if (seen !== expected) throw outOfOrder();
      return revision;
    }
    if (page.kvs.length === 0) throw outOfOrder();
    limit = nextLimit(limit, page.kvs);
  }
}

/** Undefined when the page is larger than the client takes. */
async function readPage(
  client: EtcdClient,
  request: Parameters<EtcdClient['range']>[0],
  atLeast: number,
): Promise<RangeResponse | undefined> {
  try {
    return await client.range(request, notOlder(atLeast));
  } catch (thrown) {
    const isTooLarge = thrown instanceof EtcdError && thrown.code === status.RESOURCE_EXHAUSTED;
    if (isTooLarge && (request.limit ?? 0) > 1 && /larger than max/i.test(thrown.message)) return undefined;
    throw thrown;
  }
}

function nextLimit(limit: number, kvs: readonly KeyValue[]): number {
  const bytes = kvs.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  const fitting = Math.floor((PAGE_BYTES * kvs.length) / Math.max(1, bytes));
  return Math.max(1, Math.min(MAXIMUM_PAGE_KEYS, limit * 4, fitting));
}

/** Refuses a linearizable answer that is older than what was known before it was asked for (etcd #20418). */
export function notOlder(atLeast: number): (answer: RangeResponse) => void {
  return ({ header: { revision } }) => {
    if (Number(revision) < atLeast)
      throw new EtcdError(
        status.UNAVAILABLE,
        `it answers with revision ${revision} after ${atLeast} was seen: it is behind, or was restored from an older copy`,
        'an endpoint',
      );
  };
}

function outOfOrder(): AppError {
  return new AppError('unavailable', 'etcd gave a list that contradicts itself: it is asked again.');
}
