import { AppError } from '../../core/index.js';
import type { QueryDefinition } from '../../model/index.js';
import { queryProblem } from '../../model/queries/index.js';
import type { CommitResult, StateStore, Transaction } from '../../state/index.js';

/** Stores a new query under an id made for it. Throws AppError with the rule that is broken; nothing is written then. */
export function createQuery(store: StateStore, definition: QueryDefinition, id: string): Promise<CommitResult<void>> {
  if (definition.id !== '')
    throw new AppError('invalidArgument', 'ID must be empty when creating a new prepared query: the server makes one');
  return store.transact('query-create', (transaction) => put(transaction, { ...definition, id }));
}

/** Replaces a query. Throws AppError('notFound') when there is none with this id, or the rule that is broken. */
export function updateQuery(store: StateStore, definition: QueryDefinition, id: string): Promise<CommitResult<void>> {
  if (definition.id !== '' && definition.id.toLowerCase() !== id)
    throw new AppError('invalidArgument', `the ID "${definition.id}" of the body is not the "${id}" of the path`);
  return store.transact('query-update', (transaction) => {
    mustExist(transaction, id);
    put(transaction, { ...definition, id });
  });
}

/** Deletes a query. Throws AppError('notFound') when there is none with this id. */
export function deleteQuery(store: StateStore, id: string): Promise<CommitResult<void>> {
  return store.transact('query-delete', (transaction) => {
    mustExist(transaction, id);
    transaction.delete('prepared-queries', id);
  });
}

function mustExist(transaction: Transaction, id: string): void {
  if (transaction.get('prepared-queries', id) === undefined)
    throw new AppError('notFound', `Cannot modify non-existent prepared query: '${id}'`);
}

function put(transaction: Transaction, query: QueryDefinition): void {
  const problem = queryProblem(query);
  if (problem !== undefined) throw new AppError('invalidArgument', problem);
  if (query.session !== '' && transaction.get('sessions', query.session) === undefined)
    throw new AppError('invalidArgument', `invalid session "${query.session}"`);
  checkName(transaction, query);
  transaction.put('prepared-queries', query);
}

/** Names and prefixes of templates are unique, whatever their case; a name must not look like the id of another query. */
function checkName(transaction: Transaction, { id, name, template }: QueryDefinition): void {
  const folded = name.toLowerCase();
  const isTemplate = template.type !== '';
  if (folded === '' && !isTemplate) return;
  const others = transaction
    .range('prepared-queries', isTemplate ? 'byTemplate' : 'byName', [folded])
    .filter((other) => other.id !== id);
  const what = isTemplate ? 'query template name' : 'query name';
  if (others.length > 0) throw new AppError('invalidArgument', `name '${name}' aliases an existing ${what}`);
  if (transaction.get('prepared-queries', folded) !== undefined && folded !== id)
    throw new AppError('invalidArgument', `name '${name}' aliases an existing query ID`);
}
