/** Deep equality of plain data (objects, arrays, maps, sets, buffers, primitives); the order of object keys is ignored. */
export function deepEqual(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  const kind: unknown = Object.getPrototypeOf(left);
  // Most are plain objects.
  if (kind === Object.prototype)
    return (
      Object.getPrototypeOf(right) === kind &&
      equalObjects(left as Record<string, unknown>, right as Record<string, unknown>)
    );
  if (Array.isArray(left)) return Array.isArray(right) && equalLists(left, right);
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0;
  if (left instanceof Map) return right instanceof Map && equalMaps(left, right);
  if (left instanceof Set)
    return right instanceof Set && left.size === right.size && [...left].every((item) => right.has(item));
  if (Array.isArray(right) || Object.getPrototypeOf(right) !== kind) return false;
  return equalObjects(left as Record<string, unknown>, right as Record<string, unknown>);
}

function equalLists(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) if (!deepEqual(left[at], right[at])) return false;
  return true;
}

function equalMaps(left: ReadonlyMap<unknown, unknown>, right: ReadonlyMap<unknown, unknown>): boolean {
  if (left.size !== right.size) return false;
  for (const [key, value] of left) if (!right.has(key) || !deepEqual(value, right.get(key))) return false;
  return true;
}

function equalObjects(left: Record<string, unknown>, right: Record<string, unknown>): boolean {
  let more = 0;
  for (const key in left) {
    if (!Object.hasOwn(right, key) || !deepEqual(left[key], right[key])) return false;
    more += 1;
  }
  for (const _key in right) more -= 1;
  return more === 0;
}
