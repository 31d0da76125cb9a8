/** Where keys stand in a text, by the object they are in. */
export type KeyOffsets = WeakMap<object, Map<string, number>>;

/** Notes where a key stands; the last one counts, as its value does. */
export function noteKey(offsets: KeyOffsets, object: object, key: string, offset: number): void {
  const known = offsets.get(object) ?? new Map<string, number>();
  known.set(key, offset);
  offsets.set(object, known);
}
