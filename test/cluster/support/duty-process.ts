/**
 * A server that writes a line into the state as fast as it can while it has the duty `count`. Prints `begins`, `ends`, and
 * `refused` for a write that was not let in. With `timeless` its own clock stands still: it never finds out by itself that its
 * lease is over.
 */
import { writeSync } from 'node:fs';
import { createDuties, createLiveness } from '../../../src/cluster/index.js';
import { systemClock } from '../../../src/core/index.js';
import { createEtcdBackend } from '../../../src/state/backend/etcd/index.js';
import { createStateStore, type Duty } from '../../../src/state/index.js';
import { kv } from '../../state/support/records.js';

const [endpoint = '', server = '', leaseSeconds = '2', timeless = ''] = process.argv.slice(2);
const print = (line: string): number => writeSync(1, `${line}\n`);
const backend = createEtcdBackend({
  connection: { endpoints: [endpoint] },
  prefix: 'mesh',
  server,
  allowOldEtcd: true,
  live: { leaseSeconds: Number(leaseSeconds), ...(timeless === '' ? {} : { monotonicMs: () => 0 }) },
  onProblem: ({ message }) => print(`problem: ${message}`),
});
const store = createStateStore({ backend, clock: systemClock });
await store.ready;
const live = backend.live;
if (!live) throw new Error('no live area');
const duties = createDuties({ live, store, server, clock: systemClock, warn: print });
await createLiveness(live).put(`servers/${server}`, 'here');
let tenures = 0;

/** Writers wait longer than they write, so that a process that is stopped has some that go on at once. */
const WRITERS = 8;

async function count(duty: Duty, tenure: number, writer: number, isOver: () => boolean): Promise<void> {
  for (let at = 0; !isOver(); at += 1) {
    await duty
      .transact('count', (transaction) => transaction.put('kv', kv(`log/${server}.${tenure}/${writer}/${at}`)))
      .catch(({ code, message }: { code: string; message: string }) => {
        print(code === 'conflict' ? 'refused' : `problem: ${message}`);
      });
    await new Promise((resolve) => setTimeout(resolve, 40 + writer * 7));
  }
}

duties.take('count', (duty) => {
  let isOver = false;
  tenures += 1;
  print('begins');
  for (let writer = 0; writer < WRITERS; writer += 1) void count(duty, tenures, writer, () => isOver);
  return () => {
    isOver = true;
    print('ends');
  };
});
process.once('SIGTERM', () => {
  duties.close();
  void store.close().then(() => process.exit(0));
});
