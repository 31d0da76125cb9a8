import { status } from './client/index.js';
import { AppError } from '../../../core/index.js';
import type { StoredRecord } from '../backend.js';
import { EtcdError, type EtcdClient, type KeyValue, type RangeResponse } from './client/index.js';
import type { Layout } from './layout.js';
import type { UnfoldedBundles } from './unfolded.js';

const FIRST_PAGE_KEYS = 64;
/** etcd counts all that follows for each page; still, larger ones took a busy machine longer than an answer may. */
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
  /** Another one when etcd was restored from an older copy; empty at first. */
  readonly history: string;
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
  on: { readonly restart: () => void; readonly record: (record: StoredRecord) => void },
): Promise<Listing> {
  for (let attempt = 1; ; attempt += 1) {
    on.restart();
    try {
      return await listOnce(client, layout, unfolded, on.record);
    } catch (thrown) {
      if (attempt === ATTEMPTS || !(thrown instanceof EtcdError && thrown.isCompacted)) throw thrown;
    }
  }
}

async function listOnce(
  client: EtcdClient,
  layout: Layout,
  unfolded: UnfoldedBundles,
  onRecord: (record: StoredRecord) => void,
): Promise<Listing> {
  let [tipRevision, tipVersion] = [0, 0];
  let history = '';
  const revision = await readPages(client, layout, (kv) => {
    const parsed = layout.parse(kv.key);
    if (parsed.type === 'bundle') throw new BundleOnItsWay();
    // Sorts before all tables, so that intervals are known when records come.
    if (parsed.type === 'unfolded') unfolded.note(parsed.revision, Number(kv.mod_revision));
    else if (parsed.type === 'tip') [tipRevision, tipVersion] = [Number(kv.mod_revision), Number(kv.version)];
    else if (parsed.type === 'history') history = kv.value.toString();
    else if (parsed.type === 'record')
      onRecord({
        table: parsed.table,
        key: parsed.key,
        value: kv.value.toString(),
        createRevision: unfolded.outside(Number(kv.create_revision)),
        modRevision: unfolded.outside(Number(kv.mod_revision)),
      });
  });
  return { revision, tipRevision, tipVersion, history };
}

/** Every key under the prefix in order, at the revision of the first page; returns that revision. */
async function readPages(client: EtcdClient, layout: Layout, onKey: (kv: KeyValue) => void): Promise<number> {
  const { key: first, range_end } = layout.everything;
  let [limit, revision, seen, expected] = [FIRST_PAGE_KEYS, 0, 0, 0];
  const ask = (key: Buffer): Promise<RangeResponse | undefined> => {
    const page = readPage(client, { key, range_end, limit, revision });
    // Whoever has given up on an earlier page does not wait for it.
    page.catch(() => undefined);
    return page;
  };
  let key = first;
  let next = ask(key);
  for (;;) {
    const page = await next;
    if (!page) {
      limit = Math.ceil(limit / 8);
      next = ask(key);
      continue;
    }
    const { header, kvs, more, count } = page;
    if (revision === 0) [revision, expected] = [Number(header.revision), Number(count)];
    const last = kvs.at(-1);
    let before = key;
    if (more && last) {
      // etcd works on the next page while we do on this one.
      limit = nextLimit(limit, kvs);
      key = Buffer.concat([last.key, Buffer.of(0)]);
      next = ask(key);
    }
    for (const [at, kv] of kvs.entries()) {
      const order = Buffer.compare(kv.key, before);
      if (order < 0 || (order === 0 && at > 0) || Number(kv.mod_revision) > revision) throw outOfOrder();
      before = kv.key;
      onKey(kv);
    }
    seen += kvs.length;
    if (!more) {
      if (seen !== expected) throw outOfOrder();
      return revision;
    }
    if (!last) throw outOfOrder();
  }
}

/** Undefined when the page is larger than the client takes. */
async function readPage(
  client: EtcdClient,
  request: Parameters<EtcdClient['range']>[0],
): Promise<RangeResponse | undefined> {
  try {
    return await client.range(request);
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

function outOfOrder(): AppError {
  return new AppError('unavailable', 'etcd gave a list that contradicts itself: it is asked again.');
}
