import { randomUUID } from 'node:crypto';
import type { EtcdClient } from './client/index.js';
import type { Fence } from './fence.js';
import { encodeTip, type Layout } from './layout.js';

/**
 * Which history of an etcd the known revisions belong to. An etcd that is restored from an older copy begins again at an earlier
 * revision and counts on from there: the same numbers then stand for other writes. Who notices first leaves a new name.
 */
export class History {
  readonly #client: EtcdClient;
  readonly #layout: Layout;
  readonly #fence: Fence;
  #known = '';

  constructor(client: EtcdClient, layout: Layout, fence: Fence) {
    this.#client = client;
    this.#layout = layout;
    this.#fence = fence;
  }

  /** The state was listed in this history. */
  adopt(name: string): void {
    this.#known = name;
  }

  /** Whether somebody has noticed since the last list. Throws EtcdError. */
  async isOther(): Promise<boolean> {
    const { kvs } = await this.#client.range({ key: this.#layout.history });
    return (kvs[0]?.value.toString() ?? '') !== this.#known;
  }

  /**
   * Whether the newest transaction of ours that was seen still exists, and no revision that was seen comes a second time: asked by a
   * write, which a majority has to take, so that a member that is behind is not mistaken for a restored one. Throws EtcdError.
   */
  holds(tip: number, seen: number): Promise<boolean> {
    return this.#fence.raiseAfter(tip, seen);
  }

  /** Leaves a new name unless another server was faster. Throws EtcdError. */
  async change(): Promise<void> {
    const { history: key, tip } = this.#layout;
    const { kvs } = await this.#client.range({ key });
    const found = kvs[0];
    if ((found?.value.toString() ?? '') !== this.#known) return;
    const value = Buffer.from(randomUUID());
    const id = encodeTip({ id: `history.${value.toString()}`, puts: 1, deletes: 0 });
    await this.#client.txn({
      compare: [{ result: 'EQUAL', target: 'MOD', key, mod_revision: Number(found?.mod_revision ?? 0) }],
      success: [{ request_put: { key, value } }, { request_put: { key: tip, value: id } }],
    });
  }
}
