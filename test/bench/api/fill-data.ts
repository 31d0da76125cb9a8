import { registerInCatalog, registrationField, toRegistration } from '../../../src/discovery/catalog/index.js';
import { putKv } from '../../../src/discovery/kv/index.js';
import { systemClock } from '../../../src/core/index.js';
import { decode } from '../../../src/model/wire/index.js';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { createStateStore } from '../../../src/state/index.js';

/** Run as a program with a folder and a number: fills a data directory with that many records, as the commands of the API write them. */

const IN_FLIGHT = 512;
const SERVICES_A_NODE = 10;
const [path = '', count = '0'] = process.argv.slice(2);

const store = createStateStore({ backend: createEmbeddedBackend({ path }), clock: systemClock });
await store.ready;
const instances = Math.floor(Number(count) / 4);
const keys = Number(count) - Math.floor(instances * 2.1);

const tasks = function* (): Generator<() => Promise<unknown>> {
  for (let at = 0; at < instances; at += 1) {
    const node = Math.floor(at / SERVICES_A_NODE);
    const body = {
      Node: `node-${node}`,
      Address: `10.0.${node >> 8}.${node & 255}`,
      Service: { ID: `api-${at}`, Service: `api-${at % 2_000}`, Port: 8_080, Tags: ['v1'], Meta: { zone: 'a' } },
      Check: { CheckID: `service:api-${at}`, Name: 'alive', Status: 'passing', ServiceID: `api-${at}` },
    };
    yield () =>
      registerInCatalog(store, toRegistration(decode(registrationField, body, { what: 'registration' }), 'dc1'));
  }
  for (let at = 0; at < keys; at += 1)
    yield () =>
      store.transact('kv-put', (transaction) =>
        putKv(transaction, { key: `app/${at % 1_000}/${at}`, value: Buffer.from(`value of ${at}`), flags: '0' }),
      );
};
const queue = tasks();
await Promise.all(
  Array.from({ length: IN_FLIGHT }, async () => {
    for (const task of queue) await task();
  }),
);
await store.close();
