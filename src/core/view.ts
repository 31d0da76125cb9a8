/**
 * The read interface that every pure computation is written against (docs/architecture.md, "Tracked reads").
 *
 * A computation takes a `View` and returns a value. Every call is noted in the reader's footprint, absences and empty
 * ranges included, so that it can be re-run exactly when something it read changes.
 */
export interface View<Tables extends object> {
  /** One record by its primary key, or its known absence. */
  get<Name extends keyof Tables & string>(table: Name, key: string): Tables[Name] | undefined;

  /**
   * The records in a range of an index, ordered by primary key. `prefix` is a tuple prefix of the index key; `[]` is
   * the whole index. Tables with a byte-ordered key (KV) take exactly one element, a prefix of the key's text.
   */
  range<Name extends keyof Tables & string>(
    table: Name,
    index: string,
    prefix: readonly string[],
  ): readonly Tables[Name][];

  /** The memoised value of another computation. */
  cell<Value>(definition: CellDefinition<Tables, Value>, key: string): Value;
}

/** A named pure computation: (kind, key) -> value. `compute` has no clock, no I/O, no randomness and no logger. */
export interface CellDefinition<Tables extends object, Value> {
  /** Unique name of the computation, e.g. `discovery-chain`. */
  readonly kind: string;
  readonly compute: (view: View<Tables>, key: string) => Value;
  /** Cut-off: when a recomputed value equals the old one the wave stops. Deep equality unless given. */
  readonly equals?: (left: Value, right: Value) => boolean;
}
