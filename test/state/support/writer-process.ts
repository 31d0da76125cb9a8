/**
 * A process that writes to a data directory until it is killed: pairs of records in one transaction, many at once. Prints
 * `+ <key>` for each acknowledged pair, `! <message>` for a refused one, `r <count>` for what a read shows after a refusal.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../../src/core/index.js';
import { createStateStore } from '../../../src/state/index.js';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { kv } from './records.js';

const [path = '', run = '', writers = '16', valueBytes = '100'] = process.argv.slice(2);
const backend = createEmbeddedBackend({ path, commitsPerCheckpoint: 500 });
const store = createStateStore({ backend, clock: systemClock });
await store.ready;
const print = (line: string): number => writeSync(1, `${line}\n`);
const value = Buffer.alloc(Number(valueBytes), 'x').toString('base64');

async function writeForever(writer: number): Promise<never> {
  for (let at = 0; ; at += 1) {
    const key = `${run}/${writer}/${at}`;
    try {
      await store.transact('put', (transaction) => {
        transaction.put('kv', kv(`left/${key}`, value));
        transaction.put('kv', kv(`right/${key}`, value));
      });
      print(`+ ${key}`);
    } catch (thrown) {
      print(`! ${(thrown as Error).message}`);
      print(`r ${store.view.range('kv', 'prefix', ['left/']).length}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => writeForever(writer)));
