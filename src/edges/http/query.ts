/** What `Query.of` knows. */
const recent = new Map<string, Query>();
const MOST_KEPT = 1_000;
const LONGEST_KEPT = 256;

/**
 * The query of a request. One place decides what repeated, empty and valueless parameters mean: names are case-sensitive,
 * the first value counts, `?flag` and `?flag=` are present and empty (consul-behaviour.md 1.1).
 */
export class Query {
  readonly #text: string;
  readonly #parameters: ReadonlyMap<string, readonly string[]>;

  /** The query with a text, read once while it is asked again and again. */
  static of(text: string): Query {
    const known = recent.get(text);
    if (known !== undefined) return known;
    const query = new Query(text);
    if (text.length > LONGEST_KEPT) return query;
    if (recent.size >= MOST_KEPT) recent.clear();
    recent.set(text, query);
    return query;
  }

  /** `text` is what follows the `?`; wrong escapes are kept as written, never an error. */
  constructor(text: string) {
    this.#text = text;
    this.#parameters = text === '' ? NONE : parse(text);
  }

  /** Whether the parameter is there, with or without a value. */
  has(name: string): boolean {
    return this.#parameters.has(name);
  }

  /** The first value; empty when absent. */
  get(name: string): string {
    return this.#parameters.get(name)?.[0] ?? '';
  }

  /** Every value, in the order given. */
  all(name: string): readonly string[] {
    return this.#parameters.get(name) ?? NO_VALUES;
  }

  /** The names that are there, each once. */
  names(): Iterable<string> {
    return this.#parameters.keys();
  }

  /** All parameters, encoded, sorted by name: how error texts quote a query. */
  encoded(): string {
    const sorted = new URLSearchParams(this.#text);
    sorted.sort();
    return sorted.toString();
  }
}

const NONE: ReadonlyMap<string, readonly string[]> = new Map();
const NO_VALUES: readonly string[] = [];
const ESCAPED = /[%+]/;

function parse(text: string): ReadonlyMap<string, readonly string[]> {
  // What is escaped is read by the standard's rules; most queries are not, and those are read at a tenth of the cost.
  const pairs = ESCAPED.test(text) || text.startsWith('?') ? new URLSearchParams(text) : plainPairs(text);
  const parameters = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const values = parameters.get(name);
    if (values === undefined) parameters.set(name, [value]);
    else values.push(value);
  }
  return parameters;
}

function plainPairs(text: string): (readonly [name: string, value: string])[] {
  const pairs: (readonly [name: string, value: string])[] = [];
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    pairs.push(equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)]);
  }
  return pairs;
}
