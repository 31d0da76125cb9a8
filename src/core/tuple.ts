const SEPARATOR = '\u0000';

/** Joins parts into one key such that a prefix of the tuple is a prefix of the text: every part ends with NUL. */
export function tupleKey(...parts: readonly string[]): string {
  let key = '';
  for (const part of parts) key += part + SEPARATOR;
  return key;
}

/** The parts of a key made by `tupleKey`. */
export function tupleParts(key: string): string[] {
  const parts = key.split(SEPARATOR);
  parts.pop();
  return parts;
}
