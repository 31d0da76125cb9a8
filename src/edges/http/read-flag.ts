import { AppError } from '../../core/index.js';
import type { Query } from './query.js';

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** The words Go takes for a boolean; undefined for others. */
export function parseBoolean(word: string): boolean | undefined {
  if (TRUE.has(word)) return true;
  return FALSE.has(word) ? false : undefined;
}

/** A parameter that is true when it stands alone. Anything but a boolean is `invalidArgument`. */
export function readFlag(query: Query, name: string): boolean {
  if (!query.has(name)) return false;
  const value = query.get(name);
  const flag = value === '' ? true : parseBoolean(value);
  if (flag === undefined) throw new AppError('invalidArgument', `Invalid value for ?${name}`);
  return flag;
}
