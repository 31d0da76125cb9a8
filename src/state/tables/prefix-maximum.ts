interface Node {
  label: string;
  maximum: number;
  children: Map<number, Node> | undefined;
}

/**
 * The greatest number among all texts that start with a prefix, for every prefix: a radix tree that keeps the maximum of
 * each subtree. Numbers of a text only grow; `forget` drops what a floor makes irrelevant.
 */
export class PrefixMaximum {
  #root: Node = { label: '', maximum: 0, children: undefined };

  get isEmpty(): boolean {
    return this.#root.maximum === 0;
  }

  /** Raises the number of `text` to `value`. */
  raise(text: string, value: number): void {
    let node = this.#root;
    let rest = text;
    for (;;) {
      if (value > node.maximum) node.maximum = value;
      if (rest === '') return;
      const children = (node.children ??= new Map());
      const first = rest.charCodeAt(0);
      let child = children.get(first);
      if (!child) {
        children.set(first, { label: rest, maximum: value, children: undefined });
        return;
      }
      const shared = sharedLength(child.label, rest);
      if (shared < child.label.length) {
        const tail: Node = { label: child.label.slice(shared), maximum: child.maximum, children: child.children };
        child = { label: child.label.slice(0, shared), maximum: child.maximum, children: new Map() };
        child.children?.set(tail.label.charCodeAt(0), tail);
        children.set(first, child);
      }
      node = child;
      rest = rest.slice(shared);
    }
  }

  /** The greatest number of a text that starts with `prefix`; 0 when there is none. */
  under(prefix: string): number {
    let node = this.#root;
    let at = 0;
    while (at < prefix.length) {
      const child = node.children?.get(prefix.charCodeAt(at));
      if (!child) return 0;
      const length = Math.min(child.label.length, prefix.length - at);
      if (sharedLength(child.label, prefix, at) < length) return 0;
      node = child;
      at += child.label.length;
    }
    return node.maximum;
  }

  /** Drops every text whose number is at most `floor`, and every subtree without a greater one. */
  forget(floor: number): void {
    if (this.#root.maximum <= floor) this.clear();
    else prune(this.#root, floor);
  }

  clear(): void {
    this.#root = { label: '', maximum: 0, children: undefined };
  }
}

function prune(node: Node, floor: number): void {
  for (const [first, child] of node.children ?? []) {
    if (child.maximum <= floor) node.children?.delete(first);
    else prune(child, floor);
  }
}

function sharedLength(label: string, text: string, from = 0): number {
  const limit = Math.min(label.length, text.length - from);
  let at = 0;
  while (at < limit && label.charCodeAt(at) === text.charCodeAt(from + at)) at += 1;
  return at;
}
