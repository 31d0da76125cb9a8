/** What HCL and JSON text become. `null` comes from JSON only; HCL1 has none. */
export type HclValue = string | number | boolean | null | HclValue[] | HclObject;

export interface HclObject {
  [key: string]: HclValue;
}

/** Longest text that is parsed, in UTF-16 units. */
export const MAX_TEXT_LENGTH = 8 * 1024 * 1024;
/** Deepest nesting of objects, lists and labels. What reads the value may recurse safely. */
export const MAX_DEPTH = 100;

/** Whether a value is an object (not a list, not null). */
export function isObject(value: HclValue | undefined): value is HclObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a key as JSON.parse does: `__proto__` becomes an ordinary key. */
export function setKey(target: HclObject, key: string, value: HclValue): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else target[key] = value;
}
