/**
 * The names directly below a prefix, as `?keys&separator=` lists them: each key cut after the first separator that follows
 * the prefix, without repeats. An empty separator cuts nothing. `keys` must be sorted.
 */
export function keysBelow(keys: readonly string[], prefix: string, separator: string): readonly string[] {
  if (separator === '') return keys;
  const result: string[] = [];
  for (const key of keys) {
    const at = key.indexOf(separator, prefix.length);
    const name = at < 0 ? key : key.slice(0, at + separator.length);
    if (result.at(-1) !== name) result.push(name);
  }
  return result;
}
