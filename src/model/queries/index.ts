/**
 * Queries: the schema and rules of prepared queries (consul-behaviour.md 1.13).
 * In: bodies, definitions. Out: definitions, wire values, what is wrong with one. Must never: read the store, or run a query.
 */
export { queryDefinitionField, queryRecordField } from './query-schema.js';
export { queryProblem } from './query-rules.js';
export { type TemplateSubject, renderQueriedService } from './query-template.js';
