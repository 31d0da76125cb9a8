import { type FieldType, type Filter, compileFilter } from '../../lang/filter/index.js';
import type { AgentRequest } from './route.js';

/** Filters that were asked for of late: most clients ask the same again and again. */
const recent = new WeakMap<FieldType, Map<string, Filter>>();
const MOST_KEPT = 200;
/** A longer expression is compiled anew, and what it leaves of a list is not kept. */
export const LONGEST_KEPT_FILTER = 256;

/** The request's `filter` for rows of a type, or undefined without one. Bad expressions are `invalidArgument`. */
export function requestFilter(request: AgentRequest, type: FieldType): Filter | undefined {
  const expression = request.query.get('filter');
  return expression === '' ? undefined : compiled(expression, type);
}

function compiled(expression: string, type: FieldType): Filter {
  let ofType = recent.get(type);
  if (ofType === undefined) recent.set(type, (ofType = new Map()));
  const known = ofType.get(expression);
  if (known !== undefined) return known;
  const filter = compileFilter(expression, type);
  if (expression.length > LONGEST_KEPT_FILTER) return filter;
  if (ofType.size >= MOST_KEPT) ofType.clear();
  ofType.set(expression, filter);
  return filter;
}

/** The rows that pass the request's `filter`. */
export function filterRows<Row>(request: AgentRequest, type: FieldType, rows: readonly Row[]): readonly Row[] {
  const filter = requestFilter(request, type);
  return filter === undefined ? rows : rows.filter(filter);
}

const NARROWING = ['near', 'node-meta', 'tag'];

/** Whether a list is asked for as it is: nothing filters, narrows or sorts it. */
export function asksForAll(request: AgentRequest): boolean {
  return !request.query.has('filter') && asksForAllButFilter(request);
}

/** Whether nothing but a filter, if there is one, narrows or sorts a list. */
export function asksForAllButFilter({ query }: AgentRequest): boolean {
  return !NARROWING.some((name) => query.has(name));
}
