import type { Clock } from '../../../core/index.js';
import type { EtcdClient } from './client/index.js';
import type { Layout } from './layout.js';

/**
 * Compacts etcd's history now and then. Of several servers the one that first writes the turn compacts, to where the turn before
 * was written: so at least one interval of history stays. Returns the stop function.
 */
export function startCompaction(
  client: EtcdClient,
  layout: Layout,
  clock: Clock,
  everyMs: number,
  onProblem: (thrown: unknown) => void,
): () => void {
  /** Of the turn that was seen last. */
  let [version, revision] = [0, 0];
  let cancel = (): void => undefined;
  const turn = async (): Promise<void> => {
    const value = Buffer.from(JSON.stringify({ at: clock.now() }));
    const answer = await client.txn({
      compare: [{ result: 'EQUAL', target: 'VERSION', key: layout.compaction, version }],
      success: [{ request_put: { key: layout.compaction, value } }],
      failure: [{ request_range: { key: layout.compaction, keys_only: true } }],
    });
    if (answer.succeeded) {
      const former = revision;
      [version, revision] = [version + 1, Number(answer.header.revision)];
      if (former > 0) await client.compact(former);
      return;
    }
    const other = answer.responses[0]?.response_range?.kvs[0];
    [version, revision] = [Number(other?.version ?? 0), Number(other?.mod_revision ?? 0)];
  };
  const later = (): void => {
    cancel = clock.after(everyMs, () => {
      turn().catch(onProblem);
      later();
    });
  };
  if (everyMs > 0) later();
  return () => cancel();
}
