import { AppError, type Clock } from '../../core/index.js';
import { nodeKey, type RefusalRecord, refusalKey, type Draft } from '../../model/index.js';
import type { EncodedResource, ResourceType } from '../resources/spec.js';
import type { ProxyKey, XdsLogger, XdsServerDependencies } from './contract.js';
import type { StandingRefusal } from './standing-refusals.js';

/** Refusals are written together: thousands of proxies may refuse one resource in the same second. */
const WRITE_DELAY_MS = 20;

type Change = {
  readonly proxy: ProxyKey;
  readonly type: ResourceType;
  readonly name: string;
  readonly record?: Draft<RefusalRecord>;
};

/** The stored side of refusals: read when a stream opens, written when one is made or mended. */
export class RefusalBook {
  readonly #store: Pick<XdsServerDependencies['store'], 'view' | 'transact' | 'commits$'>;
  readonly #clock: Clock;
  readonly #logger: XdsLogger;
  readonly #changes = new Map<string, Change>();
  readonly #stop: () => void;
  #cancelTimer: (() => void) | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor({ store, clock, logger }: Pick<XdsServerDependencies, 'store' | 'clock' | 'logger'>) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    const subscription = store.commits$.subscribe((commit) => {
      for (const { table, before, after } of commit.changes) {
        if (table === 'services' && before && !after) this.#forgetProxy(before as { node: string; id: string });
      }
    });
    this.#stop = () => subscription.unsubscribe();
  }

  /** What stands against a proxy. */
  load(proxy: ProxyKey): { readonly type: ResourceType; readonly name: string; readonly refusal: StandingRefusal }[] {
    return this.#store.view.range('refusals', 'byProxy', [nodeKey(proxy.node), proxy.proxyId]).map((record) => {
      const type = record.resourceType as ResourceType;
      return { type, name: record.resourceName, refusal: fromRecord(record, type) };
    });
  }

  /** Stores a refusal with the last accepted bytes, which are left out for secrets. */
  put(proxy: ProxyKey, refused: EncodedResource, refusal: StandingRefusal): void {
    const { accepted } = refusal;
    const keep = accepted && refused.type !== 'secret';
    this.#queue({
      proxy,
      type: refused.type,
      name: refused.name,
      record: {
        node: proxy.node,
        proxyId: proxy.proxyId,
        resourceType: refused.type,
        resourceName: refused.name,
        version: refusal.version,
        error: refusal.error,
        revision: refusal.index,
        entries: refused.entries,
        at: refusal.at,
        ...(keep ? { accepted: { version: accepted.version, bytes: accepted.bytes.toString('base64') } } : {}),
      },
    });
  }

  clear(proxy: ProxyKey, type: ResourceType, name: string): void {
    this.#queue({ proxy, type, name });
  }

  /** Resolves when what was noted is stored. */
  async close(): Promise<void> {
    this.#stop();
    this.#cancelTimer?.();
    this.#write();
    await this.#written;
  }

  #queue(change: Change): void {
    this.#changes.set(refusalKey(change.proxy.node, change.proxy.proxyId, change.type, change.name), change);
    this.#cancelTimer ??= this.#clock.after(WRITE_DELAY_MS, () => this.#write());
  }

  #write(): void {
    const changes = [...this.#changes];
    this.#changes.clear();
    this.#cancelTimer = undefined;
    if (changes.length > 0) this.#written = this.#written.then(() => this.#commit(changes));
  }

  async #commit(changes: readonly (readonly [string, Change])[]): Promise<void> {
    try {
      await this.#store.transact('xds-refusals', (transaction) => {
        for (const [key, { record }] of changes) {
          if (record) transaction.put('refusals', record);
          else if (transaction.get('refusals', key)) transaction.delete('refusals', key);
        }
      });
    } catch (thrown) {
      const reason = AppError.from(thrown).message;
      this.#logger.error({ reason }, 'could not store what proxies refused; it is known in memory only');
    }
  }

  #forgetProxy({ node, id }: { readonly node: string; readonly id: string }): void {
    for (const record of this.#store.view.range('refusals', 'byProxy', [nodeKey(node), id])) {
      this.clear({ node, proxyId: id }, record.resourceType as ResourceType, record.resourceName);
    }
  }
}

function fromRecord(record: RefusalRecord, type: ResourceType): StandingRefusal {
  const { accepted } = record;
  return {
    version: record.version,
    error: record.error,
    at: record.at,
    index: record.revision,
    tried: false,
    accepted: accepted && {
      type,
      name: record.resourceName,
      version: accepted.version,
      bytes: Buffer.from(accepted.bytes, 'base64'),
      references: [],
      entries: record.entries,
    },
  };
}
