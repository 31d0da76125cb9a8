import { type FieldType, type Filter, compileFilter } from '../../lang/filter/index.js';
import type { ApiRequest } from './route.js';

/** The request's `filter` for rows of a type, or undefined without one. Bad expressions are `invalidArgument`. */
export function requestFilter(request: ApiRequest, type: FieldType): Filter | undefined {
  const expression = request.query.get('filter');
  return expression === '' ? undefined : compileFilter(expression, type);
}

/** The rows that pass the request's `filter`. */
export function filterRows<Row>(request: ApiRequest, type: FieldType, rows: readonly Row[]): readonly Row[] {
  const filter = requestFilter(request, type);
  return filter === undefined ? rows : rows.filter(filter);
}

const NARROWING = ['filter', 'near', 'node-meta', 'tag'];

/** Whether a list is asked for as it is: nothing filters, narrows or sorts it. */
export function asksForAll({ query }: ApiRequest): boolean {
  return !NARROWING.some((name) => query.has(name));
}
