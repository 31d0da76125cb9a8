import type { Clock } from '../core/index.js';
import { applyDeregistration, applyRegistration } from '../discovery/catalog/index.js';
import { checkKey, nodeKey, serviceKey } from '../model/index.js';
import type { StateStore, Transaction } from '../state/index.js';
import type { LocalState } from './local-state.js';
import type { NodeFacts } from './node-facts.js';

/** Registered by the server itself; never removed as unknown. */
export const SERF_HEALTH = 'serfHealth';
export const SERVER_SERVICE = 'consul';

const FULL_SYNC_MS = 60_000;
const RETRY_MS = 15_000;

type Copy = (transaction: Transaction) => void;

export interface AntiEntropyOptions {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly facts: NodeFacts;
  readonly local: LocalState;
  readonly warn: (fields: object, message: string) => void;
}

/** Copies local services and checks into the catalog: what changed at once, everything once a minute (consul-behaviour 11.4). */
export class AntiEntropy {
  readonly #options: AntiEntropyOptions;
  readonly #dirtyServices = new Set<string>();
  readonly #dirtyChecks = new Set<string>();
  #full = true;
  #running: Promise<void> | undefined;
  #cancelTimer = (): void => undefined;
  #closed = false;
  readonly #forget: () => void;

  constructor(options: AntiEntropyOptions) {
    this.#options = options;
    this.#forget = options.store.onRestored(() => {
      this.#full = true;
      void this.sync();
    });
  }

  /** Marks a service (and what it owns is marked by the caller) as different from the catalog. */
  service(id: string): void {
    this.#dirtyServices.add(id);
  }

  check(id: string): void {
    this.#dirtyChecks.add(id);
  }

  /** Resolves when what is marked now is in the catalog, or when that failed and will be tried again. */
  async sync(): Promise<void> {
    if (this.#running) await this.#running;
    if (this.#closed || (!this.#full && this.#dirtyServices.size === 0 && this.#dirtyChecks.size === 0))
      return this.#running;
    this.#running ??= this.#pass().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  close(): void {
    this.#closed = true;
    this.#forget();
    this.#cancelTimer();
  }

  async #pass(): Promise<void> {
    const full = this.#full;
    const services = full ? this.#everyService() : [...this.#dirtyServices];
    const checks = full ? this.#everyCheck() : [...this.#dirtyChecks];
    this.#full = false;
    this.#dirtyServices.clear();
    this.#dirtyChecks.clear();
    const copies: readonly Copy[] = [
      ...(full ? [(transaction: Transaction) => this.#putNode(transaction)] : []),
      ...services.map((id) => (transaction: Transaction) => this.#copyService(transaction, id)),
      ...checks.map((id) => (transaction: Transaction) => this.#copyCheck(transaction, id)),
    ];
    this.#next((await this.#copyAll(copies)) ? FULL_SYNC_MS : RETRY_MS);
  }

  /** All in one transaction; when something in it is refused, one by one, so that one bad service keeps no other out. */
  async #copyAll(copies: readonly Copy[]): Promise<boolean> {
    if (await this.#commit(copies, copies.length === 1)) return true;
    if (copies.length === 1) return false;
    let complete = true;
    for (const copy of copies) complete = (await this.#commit([copy], true)) && complete;
    return complete;
  }

  async #commit(copies: readonly Copy[], warns: boolean): Promise<boolean> {
    try {
      await this.#options.store.transact('anti-entropy', (transaction) => {
        for (const copy of copies) copy(transaction);
      });
      return true;
    } catch (thrown) {
      if (warns)
        this.#options.warn(
          { error: String(thrown) },
          'a local service could not be copied into the catalog; trying again',
        );
      return false;
    }
  }

  #next(delayMs: number): void {
    this.#cancelTimer();
    if (this.#closed) return;
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
      this.#full = true;
      void this.sync();
    });
  }

  #everyService(): string[] {
    const { store, local, facts } = this.#options;
    const stored = store.view.range('services', 'byNode', [nodeKey(facts.node)]).map((service) => service.id);
    return [...new Set([...local.services.keys(), ...stored])].filter((id) => id !== SERVER_SERVICE);
  }

  #everyCheck(): string[] {
    const { store, local, facts } = this.#options;
    const stored = store.view.range('checks', 'byNode', [nodeKey(facts.node)]).map((check) => check.checkId);
    return [...new Set([...local.checks.keys(), ...stored])].filter((id) => id !== SERF_HEALTH);
  }

  #registration() {
    return { ...this.#options.facts, checks: [] };
  }

  #putNode(transaction: Transaction): void {
    applyRegistration(transaction, { ...this.#registration(), skipNodeUpdate: false });
  }

  #copyService(transaction: Transaction, id: string): void {
    const { local, facts } = this.#options;
    const service = local.services.get(id);
    if (service === undefined) {
      applyDeregistration(transaction, { node: facts.node, serviceId: id, checkId: '' });
      return;
    }
    const stored = transaction.get('services', serviceKey(facts.node, id));
    const tags = service.enableTagOverride && stored ? stored.tags : service.tags;
    applyRegistration(transaction, { ...this.#registration(), skipNodeUpdate: true, service: { ...service, tags } });
  }

  #copyCheck(transaction: Transaction, id: string): void {
    const { local, facts } = this.#options;
    const check = local.checks.get(id);
    if (check) applyRegistration(transaction, { ...this.#registration(), skipNodeUpdate: true, checks: [check] });
    else if (transaction.get('checks', checkKey(facts.node, id)))
      applyDeregistration(transaction, { node: facts.node, serviceId: '', checkId: id });
  }
}
