import { AppError, deepEqual } from '../../core/index.js';
import type { Cell } from '../../model/index.js';
import type { Database } from '../tables/index.js';
import { type CellConsumer, CellNode } from './cell-node.js';
import { ComputingView, type ReadableCells } from './computing-view.js';
import { cycleError } from './private-view.js';
import { type Source, Sources } from './sources.js';

/** Counts of what the graph did, for tests and metrics. */
export interface GraphCounters {
  cellsComputed: number;
  cellsVerified: number;
  flushes: number;
}

/**
 * The memoised cells over the applied state. A commit marks dirt upwards without computing; a read or a flush verifies a
 * cell by verifying its inputs first, recomputes it only if one of them became different, and keeps the old value (and the
 * cells above clean) when the new one is equal.
 */
export class CellGraph {
  readonly sources = new Sources((source) => this.touch(source));
  readonly #database: Database;
  readonly #counters: GraphCounters;
  readonly #nodes = new Map<string, Map<string, CellNode>>();
  readonly #onIdle: (node: CellNode) => void;
  readonly #onQueued: () => void;
  readonly #path: CellNode[] = [];
  readonly #readable: ReadableCells = {
    node: (definition, key) => this.#node(definition, key),
    refresh: (node) => this.#refresh(node),
  };
  #queue: CellNode[] = [];
  #epoch = 1;

  constructor(database: Database, counters: GraphCounters, onQueued: () => void, onIdle: (node: CellNode) => void) {
    this.#database = database;
    this.#counters = counters;
    this.#onQueued = onQueued;
    this.#onIdle = onIdle;
  }

  /** Called before the changes of a commit are applied: what is verified from now on is verified anew. */
  nextEpoch(): void {
    this.#epoch += 1;
  }

  get size(): number {
    let size = 0;
    for (const nodes of this.#nodes.values()) size += nodes.size;
    return size;
  }

  /** The node of (kind, key), made if it is new; verified and up to date. */
  fresh<Value>(definition: Cell<Value>, key: string): CellNode {
    const node = this.#node(definition as Cell<unknown>, key);
    this.#refresh(node);
    if (node.isIdle) this.#onIdle(node);
    return node;
  }

  /** Marks everything that read the source, directly or through cells. */
  touch(source: Source): void {
    for (const reader of source.readers) this.#soil(reader);
  }

  /** Marks every cell: for changes that no reverse map can tell (a new index base). */
  touchAll(): void {
    for (const source of this.sources.all()) this.touch(source);
  }

  addConsumer(node: CellNode, consumer: CellConsumer): void {
    node.consumers.add(consumer);
  }

  removeConsumer(node: CellNode, consumer: CellConsumer): void {
    if (node.consumers.delete(consumer) && node.isIdle) this.#onIdle(node);
  }

  /** Verifies all live cells that may have changed, then tells their consumers; returns whether anybody was told. */
  flush(): boolean {
    const nodes = this.#queue;
    this.#queue = [];
    this.#counters.flushes += 1;
    for (const node of nodes) node.queued = false;
    for (const node of nodes) if (node.consumers.size > 0) this.#refresh(node);
    let told = false;
    for (const node of nodes) {
      for (const consumer of [...node.consumers]) {
        if (consumer.seen === node.valueVersion || !node.consumers.has(consumer)) continue;
        consumer.tell(node);
        told = true;
      }
    }
    return told;
  }

  /** Removes a node that nobody uses; the nodes only it used become idle. */
  drop(node: CellNode): void {
    if (!node.isIdle || node.active) return;
    this.#nodes.get(node.definition.kind)?.delete(node.key);
    this.#depend(node, [], []);
    node.state = 'dirty';
  }

  /** Live cells whose newest computation failed. */
  *failing(): Generator<CellNode> {
    for (const nodes of this.#nodes.values())
      for (const node of nodes.values()) if (node.problem && !node.isIdle) yield node;
  }

  #node(definition: Cell<unknown>, key: string): CellNode {
    let nodes = this.#nodes.get(definition.kind);
    if (!nodes) this.#nodes.set(definition.kind, (nodes = new Map()));
    let node = nodes.get(key);
    if (!node) nodes.set(key, (node = new CellNode(definition, key)));
    else if (node.definition.compute !== definition.compute)
      throw new AppError('internal', `Two different computations share the cell kind ${definition.kind}.`);
    return node;
  }

  #soil(node: CellNode): void {
    if (node.state === 'dirty') return;
    const spread = node.state === 'clean';
    node.state = 'dirty';
    if (!spread) return;
    const stack = [node];
    for (let next = stack.pop(); next; next = stack.pop()) {
      this.#enqueue(next);
      for (const reader of next.readers) {
        if (reader.state !== 'clean') continue;
        reader.state = 'maybe';
        stack.push(reader);
      }
    }
  }

  #enqueue(node: CellNode): void {
    if (node.queued || node.consumers.size === 0) return;
    node.queued = true;
    if (this.#queue.push(node) === 1) this.#onQueued();
  }

  #refresh(node: CellNode): void {
    if (node.state === 'clean') return;
    if (node.active) throw cycleError([...this.#path, node].map(({ name }) => name));
    node.active = true;
    this.#path.push(node);
    try {
      if (node.state === 'maybe' && !this.#anyInputChanged(node)) {
        this.#counters.cellsVerified += 1;
        node.index = greatestIndex(node.ownIndex, node.inputs);
      } else this.#compute(node);
      node.state = 'clean';
      node.verifiedAt = this.#epoch;
    } finally {
      this.#path.pop();
      node.active = false;
    }
  }

  #anyInputChanged(node: CellNode): boolean {
    for (const input of node.inputs) {
      if (input.active) return true;
      this.#refresh(input);
      if (input.changedAt > node.verifiedAt) return true;
    }
    return false;
  }

  #compute(node: CellNode): void {
    this.#counters.cellsComputed += 1;
    const view = new ComputingView(node, this.#database, this.sources, this.#readable);
    let value: unknown;
    let isNew = false;
    let problem: AppError | undefined;
    try {
      value = node.definition.compute(view, node.key);
      isNew = node.valueVersion === 0 || !(node.definition.equals ?? deepEqual)(node.value, value);
    } catch (thrown) {
      problem = AppError.from(thrown);
    }
    const { sources, inputs, index } = view.close();
    this.#depend(node, sources, inputs);
    node.ownIndex = index;
    node.index = greatestIndex(index, inputs);
    if (problem) this.#failed(node, problem);
    else this.#computed(node, value, isNew);
  }

  #computed(node: CellNode, value: unknown, isNew: boolean): void {
    if (isNew) {
      node.value = value;
      node.valueVersion += 1;
    }
    if (isNew || node.problem) node.changedAt = this.#epoch;
    node.problem = undefined;
  }

  #failed(node: CellNode, problem: AppError): void {
    if (node.problem?.message !== problem.message || node.problem.code !== problem.code) node.changedAt = this.#epoch;
    node.problem = problem;
  }

  /** Replaces what a node depends on; it is a reader of the new already. */
  #depend(node: CellNode, sources: readonly Source[], inputs: readonly CellNode[]): void {
    const { sources: oldSources, inputs: oldInputs } = node;
    node.sources = sources;
    node.inputs = inputs;
    if (oldSources.length > 0 && !sameItems(oldSources, sources)) {
      const kept = new Set(sources);
      for (const source of oldSources) if (!kept.has(source)) source.drop(node);
    }
    if (oldInputs.length > 0 && !sameItems(oldInputs, inputs)) {
      const kept = new Set(inputs);
      for (const input of oldInputs)
        if (!kept.has(input) && input.readers.delete(node) && input.isIdle) this.#onIdle(input);
    }
  }
}

function greatestIndex(own: number, inputs: readonly CellNode[]): number {
  let greatest = own;
  for (const input of inputs) if (input.index > greatest) greatest = input.index;
  return greatest;
}

function sameItems<Item>(left: readonly Item[], right: readonly Item[]): boolean {
  return left.length === right.length && left.every((item, at) => item === right[at]);
}
