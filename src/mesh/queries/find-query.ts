import { AppError } from '../../core/index.js';
import { type MeshView, type PreparedQueryRecord, type QueriedService } from '../../model/index.js';
import { renderQueriedService } from '../../model/queries/index.js';

/** A query as it is carried out: of a template, filled in for the name that was asked for. */
export type FoundQuery =
  | { readonly type: 'found'; readonly query: PreparedQueryRecord; readonly service: QueriedService }
  | { readonly type: 'none' }
  /** It is there and cannot be carried out; one sentence why. */
  | { readonly type: 'unusable'; readonly problem: string };

/**
 * Looks a query up by id or name: ids before names, names before templates, of templates the one with the longest prefix of the
 * name (consul-behaviour.md 1.13). Case does not count.
 */
export function findQuery(view: MeshView, idOrName: string): FoundQuery {
  const byId = view.get('prepared-queries', idOrName.toLowerCase());
  if (byId !== undefined)
    return byId.template.type === ''
      ? { type: 'found', query: byId, service: byId.service }
      : { type: 'unusable', problem: 'prepared query templates can only be resolved by name, not by ID' };
  const [byName] = view.range('prepared-queries', 'byName', [idOrName.toLowerCase()]);
  if (byName !== undefined) return { type: 'found', query: byName, service: byName.service };
  const template = longestTemplate(view, idOrName);
  return template === undefined ? { type: 'none' } : filledIn(template, idOrName);
}

function longestTemplate(view: MeshView, name: string): PreparedQueryRecord | undefined {
  const folded = name.toLowerCase();
  return view
    .range('prepared-queries', 'byTemplate', [])
    .filter((template) => folded.startsWith(template.name.toLowerCase()))
    .toSorted((left, right) => right.name.length - left.name.length)[0];
}

function filledIn(query: PreparedQueryRecord, name: string): FoundQuery {
  try {
    return { type: 'found', query, service: renderQueriedService(query, { name, segment: '' }) };
  } catch (thrown) {
    return { type: 'unusable', problem: AppError.from(thrown).message };
  }
}
