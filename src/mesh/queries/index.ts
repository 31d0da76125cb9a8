/**
 * Queries: what prepared queries select. In: a view, a name or id. Out: instances before they are shuffled, sorted and cut.
 * Must never: depend on chance or on who asks, or throw for what users wrote.
 */
export { type FoundQuery, findQuery } from './find-query.js';
export {
  type QueriedInstance,
  type QueryAnswer,
  type QueryRequest,
  queryAnswerCell,
  queryKey,
} from './query-answer.js';
