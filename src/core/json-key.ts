import { canonicalJson } from './canonical-json.js';

/** How many inputs are remembered at the least, and twice that at the most. */
const REMEMBERED = 4096;

let newer = new Map<string, object>();
let older = new Map<string, object>();

/**
 * The key of a cell whose input is plain data: its canonical JSON. The input is remembered for a while, for the cell is most often
 * computed soon after it was named: do not change it afterwards. Written fastest when its fields stand in the order of their names.
 */
export function jsonKey(input: object): string {
  const key = canonicalJson(input);
  if (newer.size >= REMEMBERED) {
    older = newer;
    newer = new Map();
  }
  newer.set(key, input);
  return key;
}

/** The input that a key was made of by `jsonKey`, in this process or another. Not to be changed. */
export function jsonKeyInput<Input extends object>(key: string): Input {
  return (newer.get(key) ?? older.get(key) ?? JSON.parse(key)) as Input;
}
