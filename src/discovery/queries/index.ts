/**
 * Queries: prepared queries, stored and carried out (consul-behaviour.md 1.13).
 * In: definitions; a tracked view; chance. Out: transactions, cells, rows in the order they are answered in. Must never: know
 * about HTTP, or let chance into a cell.
 */
export { arrangeInstances } from './arrange-instances.js';
export { preparedQueriesCell, preparedQueryCell } from './cells.js';
export { createQuery, deleteQuery, updateQuery } from './write-query.js';
