import type { Clock } from '../../../core/index.js';
import type { EtcdClient, KeyValue, RangeRequest } from './client/index.js';
import { encodeTip, type Layout } from './layout.js';

/** How many are looked at in one turn: each look makes etcd go through all keys. */
const PER_TURN = 20;

/**
 * Removes what was noted about large transactions of which no record is left, now and then. Several servers may do so at a time.
 * Returns the stop function.
 */
export function startTidying(
  client: EtcdClient,
  layout: Layout,
  clock: Clock,
  everyMs: number,
  onProblem: (thrown: unknown) => void,
): () => void {
  let cancel = (): void => undefined;
  const later = (): void => {
    cancel = clock.after(everyMs, () => {
      tidyUnfolded(client, layout).catch(onProblem);
      later();
    });
  };
  later();
  return () => cancel();
}

async function tidyUnfolded(client: EtcdClient, layout: Layout): Promise<void> {
  const { kvs } = await client.range({ ...layout.range('.unfolded/'), limit: PER_TURN, keys_only: true });
  for (const noted of kvs) if (!(await isNeeded(client, layout, noted))) await remove(client, layout, noted);
}

/** Whether a record was made or written last by the large transaction: its revision is to be translated as long as it lives. */
async function isNeeded(client: EtcdClient, layout: Layout, { key, mod_revision }: KeyValue): Promise<boolean> {
  const parsed = layout.parse(key);
  if (parsed.type !== 'unfolded') return true;
  const [from, to] = [parsed.revision, Number(mod_revision)];
  const written = { min_mod_revision: from, max_mod_revision: to };
  const made = { min_create_revision: from, max_create_revision: to };
  return (await hasRecord(client, layout, written)) || (await hasRecord(client, layout, made));
}

async function hasRecord(client: EtcdClient, layout: Layout, revisions: Partial<RangeRequest>): Promise<boolean> {
  // What is no record sorts before all of them, but for `tip`.
  const { kvs } = await client.range({
    ...layout.everything,
    ...revisions,
    key: layout.key('a'),
    limit: 2,
    keys_only: true,
  });
  return kvs.some(({ key }) => layout.parse(key).type === 'record');
}

async function remove(client: EtcdClient, layout: Layout, { key, mod_revision }: KeyValue): Promise<void> {
  const tip = encodeTip({ id: `tidy.${mod_revision}`, puts: 0, deletes: 1 });
  await client.txn({
    compare: [{ result: 'EQUAL', target: 'MOD', key, mod_revision: Number(mod_revision) }],
    success: [{ request_delete_range: { key } }, { request_put: { key: layout.tip, value: tip } }],
  });
}
