/**
 * The query of a request. One place decides what repeated, empty and valueless parameters mean: names are case-sensitive,
 * the first value counts, `?flag` and `?flag=` are present and empty (consul-behaviour.md 1.1).
 */
export class Query {
  readonly #parameters: URLSearchParams;

  /** `text` is what follows the `?`; wrong escapes are kept as written, never an error. */
  constructor(text: string) {
    this.#parameters = new URLSearchParams(text);
  }

  /** Whether the parameter is there, with or without a value. */
  has(name: string): boolean {
    return this.#parameters.has(name);
  }

  /** The first value; empty when absent. */
  get(name: string): string {
    return this.#parameters.get(name) ?? '';
  }

  /** Every value, in the order given. */
  all(name: string): readonly string[] {
    return this.#parameters.getAll(name);
  }

  /** All parameters, encoded, sorted by name: how error texts quote a query. */
  encoded(): string {
    const sorted = new URLSearchParams(this.#parameters);
    sorted.sort();
    return sorted.toString();
  }
}
