import { applyRegistration } from '../discovery/catalog/index.js';
import { ORIGIN } from '../core/index.js';
import { type StringMap, coordinateKey, SERF_HEALTH } from '../model/index.js';
import type { StateStore } from '../state/index.js';
import { SERVER_SERVICE } from './anti-entropy.js';
import type { NodeFacts } from './node-facts.js';

/** Puts this server into the catalog: its node, the service `consul` and the check `serfHealth` (consul-behaviour 11.3). */
export async function registerSelf(
  store: StateStore,
  facts: NodeFacts,
  serverPort: number,
  serverMeta: StringMap,
): Promise<void> {
  await store.transact('register-self', (transaction) => {
    applyRegistration(transaction, {
      ...facts,
      skipNodeUpdate: false,
      service: {
        kind: '',
        id: SERVER_SERVICE,
        service: SERVER_SERVICE,
        tags: [],
        address: '',
        port: serverPort,
        socketPath: '',
        taggedAddresses: {},
        meta: serverMeta,
        weights: { passing: 1, warning: 1 },
        enableTagOverride: false,
        connect: { native: false },
      },
      checks: [
        {
          node: facts.node,
          checkId: SERF_HEALTH,
          name: 'Serf Health Status',
          status: 'passing',
          notes: '',
          output: 'Agent alive and reachable',
          serviceId: '',
          type: '',
          interval: '',
          timeout: '',
          exposedPort: 0,
          definition: {},
        },
      ],
    });
    if (!transaction.get('coordinates', coordinateKey(facts.node, '')))
      transaction.put('coordinates', { node: facts.node, segment: '', coordinate: ORIGIN });
  });
}
