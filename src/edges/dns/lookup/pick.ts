/** Calls `take` with the items in an order that chance decides, until it returns false. */
export function pick<Item>(items: readonly Item[], random: () => number, take: (item: Item) => boolean): void {
  if (items.length === 1) {
    take(items[0] as Item);
    return;
  }
  const left = items.slice();
  for (let count = left.length; count > 0; count--) {
    const at = Math.floor(random() * count);
    const item = left[at] as Item;
    left[at] = left[count - 1] as Item;
    if (!take(item)) return;
  }
}
