import type { Cell, PreparedQueryRecord } from '../../model/index.js';

/** All prepared queries, by id. Key: ''. */
export const preparedQueriesCell: Cell<readonly PreparedQueryRecord[]> = {
  kind: 'prepared-queries',
  compute: (view) => view.range('prepared-queries', 'all', []),
};

/** One prepared query, or undefined. Key: its id, in lower case. */
export const preparedQueryCell: Cell<PreparedQueryRecord | undefined> = {
  kind: 'prepared-query',
  compute: (view, id) => view.get('prepared-queries', id),
};
