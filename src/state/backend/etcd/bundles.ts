import { AppError } from '../../../core/index.js';
import type { BackendCommit, BackendTransaction } from '../backend.js';
import { type Compare, type EtcdClient, EtcdError, type KeyValue, type RequestOp } from './client/index.js';
import { type BundlePointer, decodeBundle, encodeTip, type Layout } from './layout.js';
import { BYTES_PER_TRANSACTION, OPERATIONS_PER_TRANSACTION, operationBytes, requestOp } from './transaction.js';
import type { UnfoldedBundles } from './unfolded.js';

type Operation = BackendTransaction['operations'][number];

/** Room for the compares and the removal of the piece beside its operations. */
const OPERATIONS_PER_PIECE = OPERATIONS_PER_TRANSACTION - 4;
const MAXIMUM_PIECES = 2000;
const PIECES_PER_PAGE = 8;
const ATTEMPTS = 20;

/**
 * Large transactions. Their operations are staged in pieces, which nobody looks at; one small transaction with the conditions
 * writes the pointer and thereby decides; from then on every server shows all of it, while the pieces are unfolded into the
 * records and no other transaction is let in. Whoever finds the pointer may unfold: each piece is taken exactly once.
 */
export class Bundles {
  readonly #client: EtcdClient;
  readonly #layout: Layout;
  readonly #unfolded: UnfoldedBundles;

  constructor(client: EtcdClient, layout: Layout, unfolded: UnfoldedBundles) {
    this.#client = client;
    this.#layout = layout;
    this.#unfolded = unfolded;
  }

  /** Writes the pieces. Throws EtcdError, or AppError('tooLarge'). */
  async stage(id: string, operations: readonly Operation[]): Promise<BundlePointer> {
    const pieces = this.#cut(operations);
    for (const [at, piece] of pieces.entries()) {
      const put = { key: this.#layout.staged(id, at), value: Buffer.from(JSON.stringify(piece)) };
      await this.#client.txn({ compare: [], success: [{ request_put: put }] });
    }
    return { id, pieces: pieces.length };
  }

  /** What the deciding transaction compares and writes: the pieces are still there, and the pointer. */
  decision(pointer: BundlePointer): { readonly compare: Compare; readonly operation: RequestOp } {
    return {
      compare: { result: 'GREATER', target: 'CREATE', key: this.#layout.staged(pointer.id, 0), create_revision: 0 },
      operation: { request_put: { key: this.#layout.bundle, value: Buffer.from(JSON.stringify(pointer)) } },
    };
  }

  /** Removes pieces that will not be decided on. Failures are left to `removeOld`. */
  async discard(id: string): Promise<void> {
    await this.#client
      .txn({ compare: [], success: [{ request_delete_range: this.#layout.range(`.staged/${id}/`) }] })
      .catch(() => undefined);
  }

  /** The changes of a large transaction, as they are decided at the revision. Throws EtcdError when they are compacted. */
  async read(revision: number, { id, pieces }: BundlePointer): Promise<BackendCommit['changes']> {
    const changes: BackendCommit['changes'][number][] = [];
    let read = 0;
    for (let key = this.#layout.staged(id, 0); read < pieces; ) {
      const { range_end } = this.#layout.range(`.staged/${id}/`);
      const { kvs } = await this.#client.range({ key, range_end, revision, limit: PIECES_PER_PAGE });
      if (kvs.length === 0) throw new AppError('unavailable', 'A piece of a large transaction is missing in etcd.');
      for (const kv of kvs) {
        changes.push(...(await this.#changesOf(revision, kv)));
        key = Buffer.concat([kv.key, Buffer.of(0)]);
        read += 1;
      }
    }
    return changes;
  }

  /**
   * Unfolds what is decided and not yet unfolded; returns at once when there is nothing. Safe to be run by several at a time.
   * Throws EtcdError when etcd does not answer.
   */
  async finish(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { kvs } = await this.#client.range({ key: this.#layout.bundle });
      const found = kvs[0];
      if (!found) return;
      try {
        await this.#unfold(found);
      } catch (thrown) {
        // What was sent may have been done: the next round looks.
        if (!(thrown instanceof EtcdError) || !thrown.isOfEndpoint) throw thrown;
      }
    }
    throw new AppError('busy', 'A large transaction is still being stored: try again in a moment.');
  }

  /** Removes pieces that were left by a writer that died before it decided, older than the time in ms. */
  async removeOld(beforeMs: number): Promise<void> {
    const staged = this.#layout.range('.staged/');
    const { kvs } = await this.#client.range({ ...staged, limit: 1000, keys_only: true });
    const { kvs: pointers } = await this.#client.range({ key: this.#layout.bundle });
    const used = pointers[0] && decodeBundle(pointers[0].value)?.id;
    const ids = new Set(kvs.map(({ key }) => key.toString().slice(staged.key.length).split('/')[0] as string));
    for (const id of ids) if (id !== used && Number.parseInt(id, 36) < beforeMs) await this.discard(id);
  }

  async #unfold(found: KeyValue): Promise<void> {
    const pointer = decodeBundle(found.value);
    if (!pointer) throw new AppError('corruptState', 'The pointer of a large transaction in etcd is not readable.');
    const decided = Number(found.mod_revision);
    const isStillOpen: Compare = { result: 'EQUAL', target: 'MOD', key: this.#layout.bundle, mod_revision: decided };
    const staged = this.#layout.range(`.staged/${pointer.id}/`);
    for (;;) {
      const { kvs } = await this.#client.range({ ...staged, limit: 1 });
      const piece = kvs[0];
      if (!piece) break;
      const isHere: Compare = { result: 'GREATER', target: 'CREATE', key: piece.key, create_revision: 0 };
      const success: RequestOp[] = decodePiece(piece).map((operation) => requestOp(this.#layout, operation));
      success.push({ request_delete_range: { key: piece.key } });
      const { succeeded } = await this.#client.txn({ compare: [isStillOpen, isHere], success });
      if (
        !succeeded &&
        Number((await this.#client.range({ key: this.#layout.bundle })).kvs[0]?.mod_revision) !== decided
      )
        return;
    }
    const allGone: Compare = { result: 'EQUAL', target: 'CREATE', create_revision: 0, ...staged };
    const tip = encodeTip({ id: `${pointer.id}.unfolded`, puts: 1, deletes: 1 });
    await this.#client.txn({
      compare: [isStillOpen, allGone],
      success: [
        { request_put: { key: this.#layout.unfolded(decided), value: Buffer.alloc(0) } },
        { request_delete_range: { key: this.#layout.bundle } },
        { request_put: { key: this.#layout.tip, value: tip } },
      ],
    });
  }

  /** A record's creation is as old as the one it replaces, so that is looked up as it was at the decision. */
  async #changesOf(revision: number, piece: KeyValue): Promise<BackendCommit['changes'][number][]> {
    const operations = decodePiece(piece);
    const puts = operations.filter(({ type }) => type === 'put');
    const success = puts.map(({ table, key }) => ({
      request_range: { key: this.#layout.record(table, key), keys_only: true, revision },
    }));
    const { responses } = puts.length > 0 ? await this.#client.readTxn({ compare: [], success }) : { responses: [] };
    const created = new Map(puts.map((put, at) => [put, responses[at]?.response_range?.kvs[0]?.create_revision]));
    return operations.map((operation) => {
      const { table, key } = operation;
      if (operation.type === 'delete') return { table, key, deleted: true };
      const createRevision = this.#unfolded.outside(Number(created.get(operation) ?? revision));
      return { table, key, value: operation.value, createRevision, modRevision: revision };
    });
  }

  #cut(operations: readonly Operation[]): Operation[][] {
    const pieces: Operation[][] = [];
    let [piece, bytes]: [Operation[], number] = [[], 0];
    for (const operation of operations) {
      // Twice: in the piece, where JSON may need more room, and in the record.
      const size = Math.max(operationBytes(this.#layout, operation), Buffer.byteLength(JSON.stringify(operation)));
      if (size > BYTES_PER_TRANSACTION)
        throw new AppError('tooLarge', 'A record is larger than etcd takes in one request: make it smaller.');
      if (piece.length === OPERATIONS_PER_PIECE || bytes + size > BYTES_PER_TRANSACTION) {
        pieces.push(piece);
        [piece, bytes] = [[], 0];
      }
      piece.push(operation);
      bytes += size;
    }
    pieces.push(piece);
    if (pieces.length > MAXIMUM_PIECES)
      throw new AppError('tooLarge', `One change of ${operations.length} records is too large: divide it.`);
    return pieces;
  }
}

function decodePiece({ value }: KeyValue): Operation[] {
  return JSON.parse(value.toString()) as Operation[];
}
