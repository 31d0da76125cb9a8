/**
 * A process that writes to a data directory until it is killed: pairs of records in one transaction, many at once. Prints
 * `+ <key>` for each acknowledged pair.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../../src/core/index.js';
import { createStateStore } from '../../../src/state/index.js';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { kv } from './records.js';

const [path = '', run = '', writers = '16'] = process.argv.slice(2);
const backend = createEmbeddedBackend({ path, minimumLogBytes: 100_000 });
const store = createStateStore({ backend, clock: systemClock });
await store.ready;
const print = (line: string): number => writeSync(1, `${line}\n`);
const value = Buffer.alloc(100, 'x').toString('base64');

async function writeForever(writer: number): Promise<never> {
  for (let at = 0; ; at += 1) {
    const key = `${run}/${writer}/${at}`;
    await store.transact('put', (transaction) => {
      transaction.put('kv', kv(`left/${key}`, value));
      transaction.put('kv', kv(`right/${key}`, value));
    });
    print(`+ ${key}`);
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => writeForever(writer)));
