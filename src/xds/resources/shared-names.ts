import type { ResourceType } from './spec.js';

type Names = ReadonlyMap<string, string>;

/** How many are remembered, whether or not anybody needs them still. */
const REMEMBERED = 256;

const remembered = new Map<string, Names>();

/**
 * What a proxy needs of one type, name -> cell: the map of another proxy that needs exactly the same, in the same order, where one
 * is remembered. The instances of a service call the same services, so that thousands of proxies have one map between them.
 */
export function sharedNames(type: ResourceType, names: Names): Names {
  const [first = ''] = names.keys();
  const key = `${type} ${names.size} ${first}`;
  const known = remembered.get(key);
  if (known !== undefined && sameInOrder(known, names)) return known;
  remembered.delete(key);
  remembered.set(key, names);
  const [oldest = ''] = remembered.keys();
  if (remembered.size > REMEMBERED) remembered.delete(oldest);
  return names;
}

function sameInOrder(left: Names, right: Names): boolean {
  if (left.size !== right.size) return false;
  const others = right.entries();
  for (const [name, cell] of left) {
    const [otherName, otherCell] = others.next().value as [string, string];
    if (name !== otherName || cell !== otherCell) return false;
  }
  return true;
}
