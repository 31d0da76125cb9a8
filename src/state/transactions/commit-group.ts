import type { TableName } from '../../model/index.js';
import type { BackendTransaction, Condition, RangeCondition } from '../backend/index.js';
import { Overlay, type StateReader } from '../tables/index.js';
import type { WrittenRow } from './transaction-view.js';

type Operation = BackendTransaction['operations'][number];

/** What one evaluated transaction brings into a group. */
export interface GroupPart {
  readonly conditions: readonly (Condition | RangeCondition)[];
  readonly operations: readonly Operation[];
  readonly rows: readonly WrittenRow[];
}

const MOST_CONDITIONS = 90;
const MOST_OPERATIONS = 90;
const MOST_BYTES = 900_000;

/**
 * Transactions that are committed as one: each was evaluated over what those before it write, so that only what they read of the
 * state below has to hold. It also knows whether another transaction, which was evaluated without it, could tell it apart.
 */
export class CommitGroup {
  readonly #below: StateReader;
  readonly #overlay: Overlay;
  readonly #keys = new Map<TableName, Map<string, Condition>>();
  readonly #ranges = new Map<TableName, Map<string, RangeCondition>>();
  readonly #operations = new Map<TableName, Map<string, Operation>>();
  #conditionCount = 0;
  #operationCount = 0;
  #bytes = 0;

  constructor(below: StateReader) {
    this.#below = below;
    this.#overlay = new Overlay(below);
  }

  /** The state below with what is written so far. */
  get reader(): StateReader {
    return this.#overlay;
  }

  get isEmpty(): boolean {
    return this.#operations.size === 0;
  }

  /** Whether a transaction of the group writes the key: then what the state below holds does not matter to the next. */
  writes(table: TableName, key: string): boolean {
    return this.#overlay.written(table, key) !== undefined;
  }

  /** Whether the part still fits; the first one always does. */
  hasRoomFor({ conditions, operations }: GroupPart): boolean {
    return (
      this.isEmpty ||
      (this.#conditionCount + conditions.length <= MOST_CONDITIONS &&
        this.#operationCount + operations.length <= MOST_OPERATIONS &&
        this.#bytes + bytesOf(operations) <= MOST_BYTES)
    );
  }

  add({ conditions, operations, rows }: GroupPart): void {
    for (const condition of conditions) {
      const isRange = 'keyPrefix' in condition;
      const added = isRange
        ? addTo(this.#ranges, condition.table, condition.keyPrefix, condition)
        : addTo(this.#keys, condition.table, condition.key, condition);
      if (added) this.#conditionCount += 1;
    }
    for (const operation of operations) {
      const { table, key } = operation;
      // What was made and removed within the group was never there.
      if (operation.type === 'delete' && this.#below.get(table, key) === undefined) {
        if (this.#operations.get(table)?.delete(key)) this.#operationCount -= 1;
      } else if (setIn(this.#operations, table, key, operation)) this.#operationCount += 1;
    }
    this.#bytes += bytesOf(operations);
    for (const { table, key, row } of rows) this.#overlay.set(table, key, row, undefined);
  }

  /** The one transaction that stands for all. */
  transaction(): BackendTransaction {
    return {
      conditions: [...valuesOf(this.#keys), ...valuesOf(this.#ranges)],
      operations: [...valuesOf(this.#operations)],
    };
  }

  /** Whether it makes a difference which of the two comes first: one writes what the other has read. */
  isEntangledWith({ conditions, operations }: GroupPart): boolean {
    return (
      conditions.some((condition) => this.#writesWhat(condition)) ||
      operations.some(({ table, key }) => this.#reads(table, key))
    );
  }

  #writesWhat(condition: Condition | RangeCondition): boolean {
    const written = this.#operations.get(condition.table);
    if (!written) return false;
    if (!('keyPrefix' in condition)) return written.has(condition.key);
    for (const key of written.keys()) if (key.startsWith(condition.keyPrefix)) return true;
    return false;
  }

  #reads(table: TableName, key: string): boolean {
    if (this.#keys.get(table)?.has(key)) return true;
    for (const prefix of this.#ranges.get(table)?.keys() ?? []) if (key.startsWith(prefix)) return true;
    return false;
  }
}

const bytesOf = (operations: readonly Operation[]): number =>
  operations.reduce((sum, each) => sum + each.key.length + 64 + (each.type === 'put' ? 2 * each.value.length : 0), 0);

function setIn<Value>(maps: Map<TableName, Map<string, Value>>, table: TableName, key: string, value: Value): boolean {
  let map = maps.get(table);
  if (!map) maps.set(table, (map = new Map()));
  const isNew = !map.has(key);
  map.set(key, value);
  return isNew;
}

/** Keeps what is there: all of a group were evaluated on the same state. */
function addTo<Value>(maps: Map<TableName, Map<string, Value>>, table: TableName, key: string, value: Value): boolean {
  return maps.get(table)?.has(key) ? false : setIn(maps, table, key, value);
}

function* valuesOf<Value>(maps: ReadonlyMap<TableName, ReadonlyMap<string, Value>>): Generator<Value> {
  for (const map of maps.values()) yield* map.values();
}
