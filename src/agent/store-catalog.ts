import { AppError } from '../core/index.js';
import { applyDeregistration, applyRegistration } from '../discovery/catalog/index.js';
import { checkKey, nodeKey, serviceKey } from '../model/index.js';
import type { StateStore, Transaction } from '../state/index.js';
import { aliasedHealthCell, aliasedKey } from './aliased-health.js';
import { exposingProxiesCell } from './check-exposure.js';
import type { CatalogChange, NodeCatalog } from './node-catalog.js';
import type { NodeFacts } from './node-facts.js';

/** The catalog of a server: the state it has itself. */
export function createStoreCatalog(store: StateStore, facts: NodeFacts): NodeCatalog {
  const commit = async (changes: readonly CatalogChange[]): Promise<string | undefined> => {
    try {
      await store.transact('anti-entropy', (transaction) => {
        for (const change of changes) apply(transaction, facts, change);
      });
      return undefined;
    } catch (thrown) {
      return AppError.from(thrown).message;
    }
  };
  return {
    async read() {
      await store.ready;
      return {
        serviceIds: store.view.range('services', 'byNode', [nodeKey(facts.node)]).map(({ id }) => id),
        checkIds: store.view.range('checks', 'byNode', [nodeKey(facts.node)]).map(({ checkId }) => checkId),
      };
    },
    /** All in one transaction; when something in it is refused, one by one. */
    async write(changes) {
      const problem = await commit(changes);
      if (problem === undefined) return [];
      if (changes.length === 1) return [problem];
      const refused: string[] = [];
      for (const change of changes) {
        const own = await commit([change]);
        if (own !== undefined) refused.push(own);
      }
      return refused;
    },
    onResync: (listener) => store.onRestored(listener),
    watchExposing: (listener) => store.subscribe(exposingProxiesCell, facts.node, listener),
    watchHealth: (aliased, listener) => store.subscribe(aliasedHealthCell, aliasedKey(aliased), listener),
    // Comparing costs nobody else anything.
    nodeCount: () => 1,
  };
}

function apply(transaction: Transaction, facts: NodeFacts, change: CatalogChange): void {
  const registration = { ...facts, checks: [], skipNodeUpdate: true };
  if (change.kind === 'node') applyRegistration(transaction, { ...registration, skipNodeUpdate: false });
  else if (change.kind === 'service') {
    const { id, service } = change;
    if (service === undefined) {
      applyDeregistration(transaction, { node: facts.node, serviceId: id, checkId: '' });
      return;
    }
    const stored = transaction.get('services', serviceKey(facts.node, id));
    const tags = service.enableTagOverride && stored ? stored.tags : service.tags;
    applyRegistration(transaction, { ...registration, service: { ...service, tags } });
  } else if (change.check) applyRegistration(transaction, { ...registration, checks: [change.check] });
  else if (transaction.get('checks', checkKey(facts.node, change.id)))
    applyDeregistration(transaction, { node: facts.node, serviceId: '', checkId: change.id });
}
