/**
 * Filter expressions (`filter=`, resolver subsets, binding-rule selectors; consul-behaviour.md 1.1, "Filter expressions").
 * In: an expression and the type of what it looks at. Out: a predicate over wire-shaped (PascalCase) plain objects.
 * Must never: recurse without limit, run a pattern on the JavaScript engine, or accept a selector that the type lacks.
 */
export { checkFilter, compileFilter, type Filter } from './compile-filter.js';
export type { FilterNode, MatchNode, MatchOperator } from './filter-node.js';
export {
  boolType,
  type FieldType,
  floatType,
  intType,
  listOf,
  mapOf,
  opaqueType,
  stringType,
  structOf,
} from './field-type.js';
export { parseFilter } from './parse-filter.js';
