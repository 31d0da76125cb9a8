import { configFormat } from './parse.js';
import { HclParser } from './hcl-parser.js';
import { JsonLocator } from './json-locator.js';
import type { KeyOffsets } from './key-offsets.js';
import { failAt, lineAndColumn } from './syntax-error.js';
import type { HclValue } from './value.js';

/** Where a key is written, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * Finds the line of a key in a text that was parsed before: `Ports.htp`, `Services[1].Check.Foo`. Names are compared without
 * case and underscores. Reads the text again, so it is for error messages. The deepest part of the path that is found counts;
 * undefined when not even its first name is.
 */
export function locateKey(text: string, path: string): Place | undefined {
  const offsets: KeyOffsets = new WeakMap();
  let at: HclValue | undefined;
  try {
    at =
      configFormat(text) === 'hcl'
        ? new HclParser(text.replace(/^\uFEFF/, ' '), failAt(text, undefined), offsets).file()
        : new JsonLocator(text.replace(/^\uFEFF/, ' '), offsets).value();
  } catch {
    return undefined;
  }
  let found: number | undefined;
  for (const step of path.match(/[^.[\]]+/g) ?? []) {
    const inList = Array.isArray(at) && /^\d+$/.test(step);
    if (inList && Array.isArray(at)) {
      at = at[Number(step)];
      continue;
    }
    const object: HclValue | undefined = Array.isArray(at) && at.length === 1 ? at[0] : at;
    if (typeof object !== 'object' || object === null || Array.isArray(object)) break;
    const key = Object.keys(object).find((name) => fold(name) === fold(step));
    if (key === undefined) break;
    found = offsets.get(object)?.get(key) ?? found;
    at = object[key];
  }
  return found === undefined ? undefined : lineAndColumn(text, found);
}

const fold = (name: string): string => name.replaceAll('_', '').toLowerCase();
