import { AppError } from '../../core/index.js';
import { type HclObject, type HclValue, isObject, setKey } from './value.js';

const blockLists = new WeakSet<HclValue[]>();

/** Notes that a list stands for the blocks of one name, and was not written as a list. */
export function markBlockList<List extends HclValue[]>(list: List): List {
  blockLists.add(list);
  return list;
}

/** Forgets the mark: a list literal was added. */
export function unmarkBlockList(list: HclValue[]): void {
  blockLists.delete(list);
}

/**
 * Whether a value is a list that the parser made from blocks (`name { … }`, `name = { … }`), one object per block, as
 * opposed to `[ … ]` in the text. Copies of the list do not count.
 */
export function isBlockList(value: unknown): value is HclObject[] {
  return Array.isArray(value) && blockLists.has(value as HclValue[]);
}

/**
 * The value with every block that was written once as an object, at every depth: for data that nobody but the user gives
 * a shape (proxy `Config`). Blocks written several times, and lists in the text, stay lists.
 */
export function unwrapBlocks(value: HclValue): HclValue {
  return normalizeHcl(value, () => 'any');
}

/**
 * What the schema wants at a path of keys (list positions are not part of it). `object`: one object, an error when the
 * block was written twice. `map`: one object, the entries of all blocks together (labelled blocks: one entry a label).
 * `list`: always a list. `any`: an object when written once, else a list.
 */
export type HclShape = 'object' | 'map' | 'list' | 'any';

/**
 * Turns block lists into what a schema wants. Other values are kept; a `list` is made of a lone object.
 * Throws `invalidArgument` with the path when an object is given more than once.
 */
export function normalizeHcl(value: HclValue, shapeOf: (path: readonly string[]) => HclShape): HclValue {
  return normalize(value, [], shapeOf);
}

function normalize(value: HclValue, path: readonly string[], shapeOf: (path: readonly string[]) => HclShape): HclValue {
  if (Array.isArray(value)) {
    const items = value.map((item) => normalize(item, path, shapeOf));
    return isBlockList(value) ? shapeBlocks(items as HclObject[], path, shapeOf(path)) : items;
  }
  if (!isObject(value)) return value;
  const result: HclObject = {};
  for (const [key, entry] of Object.entries(value)) {
    const inner = [...path, key];
    const normal = normalize(entry, inner, shapeOf);
    setKey(result, key, isObject(normal) && isObject(entry) && shapeOf(inner) === 'list' ? [normal] : normal);
  }
  return result;
}

function shapeBlocks(blocks: HclObject[], path: readonly string[], shape: HclShape): HclValue {
  if (shape === 'list') return blocks;
  const [only, second] = blocks;
  if (only !== undefined && second === undefined) return only;
  if (shape === 'any') return blocks;
  if (shape === 'map') return mergeBlocks(blocks, path);
  throw new AppError('invalidArgument', `"${path.join('.')}" is given ${blocks.length} times; give it once`);
}

function mergeBlocks(blocks: readonly HclObject[], path: readonly string[]): HclObject {
  const result: HclObject = {};
  for (const block of blocks) {
    for (const [key, entry] of Object.entries(block)) {
      if (Object.hasOwn(result, key)) {
        throw new AppError('invalidArgument', `"${[...path, key].join('.')}" is given more than once; give it once`);
      }
      setKey(result, key, entry);
    }
  }
  return result;
}
