import { AppError } from '../../../core/index.js';
import { type Field, object, text } from '../../../model/wire/index.js';
import { mustBeOneOf } from './argument-rules.js';
import type { ArgumentProblem } from './extension.js';

/** Where the user wants a filter, relative to those that are there. Empty = the extension's own place. */
export interface InsertOptions {
  readonly location: string;
  readonly filterName: string;
}

export const insertOptionsField: Field<InsertOptions> = object<InsertOptions>({
  location: text(),
  filterName: text(),
});

const MATCHING = ['AfterFirstMatch', 'AfterLastMatch', 'BeforeFirstMatch', 'BeforeLastMatch'];
const LOCATIONS = ['First', 'BeforeLast', ...MATCHING];

export function insertOptionsProblems({ location }: InsertOptions): readonly ArgumentProblem[] {
  return location === '' ? [] : mustBeOneOf('InsertOptions.Location', location, LOCATIONS);
}

/**
 * The filters with one more where the options say; before the first filter called `standard` unless they do. Throws
 * AppError('invalidArgument') when the filter to look for is not there.
 */
export function insertWhere<Filter extends { readonly name?: string | undefined }>(
  filters: readonly Filter[],
  { location, filterName }: InsertOptions,
  standard: string,
  filter: Filter,
): readonly Filter[] {
  const index = indexOf(filters, location || 'BeforeFirstMatch', filterName || standard);
  return [...filters.slice(0, index), filter, ...filters.slice(index)];
}

function indexOf(filters: readonly { readonly name?: string | undefined }[], location: string, wanted: string): number {
  if (location === 'First') return 0;
  if (location === 'BeforeLast') return Math.max(filters.length - 1, 0);
  const is = ({ name = '' }: { readonly name?: string | undefined }): boolean => name === wanted;
  const found = location.endsWith('FirstMatch') ? filters.findIndex(is) : filters.findLastIndex(is);
  if (found < 0) {
    const there = filters.map(({ name = '' }) => name).join(', ');
    throw new AppError('invalidArgument', `there is no filter "${wanted}" to put it next to, only ${there}`);
  }
  return location.startsWith('After') ? found + 1 : found;
}
