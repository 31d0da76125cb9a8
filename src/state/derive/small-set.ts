const LIST_LIMIT = 8;

/** A set that is almost always tiny: nothing, then a list, and a real set only for many items. Do not change it while iterating. */
export class SmallSet<Item> {
  #items: Item[] | Set<Item> | undefined;

  get size(): number {
    if (!this.#items) return 0;
    return Array.isArray(this.#items) ? this.#items.length : this.#items.size;
  }

  has(item: Item): boolean {
    if (!this.#items) return false;
    return Array.isArray(this.#items) ? this.#items.includes(item) : this.#items.has(item);
  }

  add(item: Item): void {
    const items = this.#items;
    if (!items) this.#items = [item];
    else if (!Array.isArray(items)) items.add(item);
    else if (!items.includes(item)) {
      if (items.length < LIST_LIMIT) items.push(item);
      else this.#items = new Set([...items, item]);
    }
  }

  /** Removes the item; returns whether it was there. */
  delete(item: Item): boolean {
    const items = this.#items;
    if (!items) return false;
    if (!Array.isArray(items)) return items.delete(item);
    const at = items.indexOf(item);
    if (at < 0) return false;
    if (items.length === 1) this.#items = undefined;
    else items.splice(at, 1);
    return true;
  }

  [Symbol.iterator](): Iterator<Item> {
    return (this.#items ?? [])[Symbol.iterator]();
  }
}
