const LIST_LIMIT = 8;

/**
 * A set of objects that is almost always tiny: nothing, then the one item, then a list, and a real set only for many. Do not change
 * it while iterating.
 */
export class SmallSet<Item> {
  #only: Item | undefined;
  #more: Item[] | Set<Item> | undefined;

  get size(): number {
    if (this.#more === undefined) return this.#only === undefined ? 0 : 1;
    return Array.isArray(this.#more) ? this.#more.length : this.#more.size;
  }

  has(item: Item): boolean {
    const more = this.#more;
    if (more === undefined) return this.#only === item;
    return Array.isArray(more) ? more.includes(item) : more.has(item);
  }

  /** Adds the item; returns whether it was not there. */
  add(item: Item): boolean {
    const more = this.#more;
    if (more === undefined) {
      if (this.#only === item) return false;
      if (this.#only === undefined) this.#only = item;
      else {
        this.#more = [this.#only, item];
        this.#only = undefined;
      }
      return true;
    }
    if (!Array.isArray(more)) return more.size < more.add(item).size;
    if (more.includes(item)) return false;
    // A list that is pushed to keeps room for more than it usually gets.
    if (more.length < LIST_LIMIT) this.#more = more.concat([item]);
    else this.#more = new Set([...more, item]);
    return true;
  }

  /** Removes the item; returns whether it was there. */
  delete(item: Item): boolean {
    const more = this.#more;
    if (more === undefined) {
      if (this.#only !== item) return false;
      this.#only = undefined;
      return true;
    }
    if (!Array.isArray(more)) return more.delete(item);
    const at = more.indexOf(item);
    if (at < 0) return false;
    more.splice(at, 1);
    if (more.length === 0) this.#more = undefined;
    return true;
  }

  [Symbol.iterator](): Iterator<Item> {
    const items = this.#more ?? (this.#only === undefined ? [] : [this.#only]);
    return items[Symbol.iterator]();
  }
}
