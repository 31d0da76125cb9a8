import { randomUUID } from 'node:crypto';
import type { AppError } from '../../../core/index.js';
import { appErrorOf, type EtcdClient, restored } from './client/index.js';
import type { Fence } from './fence.js';
import { encodeTip, type Layout } from './layout.js';

interface HistoryParts {
  readonly client: EtcdClient;
  readonly layout: Layout;
  readonly fence: Fence;
  /** Everything is to be listed anew; `error` says why. */
  readonly onRestored: (error: AppError) => void;
  readonly onProblem: (thrown: unknown) => void;
}

/**
 * Which history of an etcd the known revisions belong to. An etcd that is restored from an older copy begins again at an earlier
 * revision and counts on from there: the same numbers then stand for other writes. Who notices first leaves a new name.
 */
export class History {
  readonly #parts: HistoryParts;
  #name = '';
  #epoch = 0;
  #tip = 0;
  #isLoading = false;
  #goingBack: Promise<AppError> | undefined;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
  }

  /** Counts restored copies: what was evaluated before one is not written after it. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The state of this history is not yet loaded by who evaluates transactions. */
  get isLoading(): boolean {
    return this.#isLoading;
  }

  /** The newest transaction of ours that is known; 0 = none. */
  get tip(): number {
    return this.#tip;
  }

  /** A transaction of ours is known to have this revision. */
  wrote(revision: number): void {
    this.#tip = Math.max(this.#tip, revision);
  }

  /** The state was listed in this history. */
  adopt(name: string): void {
    this.#name = name;
  }

  /** What was listed is loaded. */
  followed(): void {
    this.#isLoading = false;
  }

  /** Whether somebody has noticed since the last list that etcd was restored; it is begun anew then. Throws EtcdError. */
  async isOther(): Promise<boolean> {
    const { client, layout } = this.#parts;
    const { kvs } = await client.range({ key: layout.history }, { anyHistory: true });
    const isOther = (kvs[0]?.value.toString() ?? '') !== this.#name;
    if (isOther) await this.wentBack(true);
    return isOther;
  }

  /**
   * Whether the newest transaction of ours that was seen still exists, and no revision that was seen comes a second time: asked by a
   * write, which a majority has to take, so that a member that is behind is not mistaken for a restored one. Throws EtcdError.
   */
  holds(): Promise<boolean> {
    return this.#parts.fence.raiseAfter(this.#tip);
  }

  /**
   * Etcd was restored from an older copy: what this server knows of revisions is forgotten, and the state is to be listed anew.
   * Returns the error for whoever wanted to read or write. `isNoticed` = another server has left a name already.
   */
  wentBack(isNoticed = false): Promise<AppError> {
    this.#goingBack ??= this.#beginAnew(isNoticed).finally(() => {
      this.#goingBack = undefined;
    });
    return this.#goingBack;
  }

  async #beginAnew(isNoticed: boolean): Promise<AppError> {
    const { client, fence, onProblem, onRestored } = this.#parts;
    this.#epoch += 1;
    this.#isLoading = true;
    try {
      if (!isNoticed) await this.#leaveName();
    } catch (thrown) {
      // What is known stays known, so that the next answer is noticed, too.
      return appErrorOf(thrown);
    }
    client.forgetRevisions();
    this.#tip = 0;
    fence.forget();
    // Without a new one the first write learns which there is.
    await fence.raise().catch(onProblem);
    const error = restored();
    onRestored(error);
    return error;
  }

  /** Leaves a new name unless another server was faster. */
  async #leaveName(): Promise<void> {
    const { client, layout } = this.#parts;
    const { history: key, tip } = layout;
    const { kvs } = await client.range({ key }, { anyHistory: true });
    const found = kvs[0];
    if ((found?.value.toString() ?? '') !== this.#name) return;
    const value = Buffer.from(randomUUID());
    const id = encodeTip({ id: `history.${value.toString()}`, puts: 1, deletes: 0 });
    const request = {
      compare: [{ result: 'EQUAL', target: 'MOD', key, mod_revision: Number(found?.mod_revision ?? 0) }],
      success: [{ request_put: { key, value } }, { request_put: { key: tip, value: id } }],
    } as const;
    await client.txn(request, { anyHistory: true });
  }
}
