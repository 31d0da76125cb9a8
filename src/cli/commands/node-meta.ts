import type { Query } from '../http/agent-client.js';

/** `-node-meta` as the query parameter it becomes. */
export function nodeMetaQuery(pairs: Readonly<Record<string, string>>): Query {
  const values = Object.entries(pairs).map(([key, value]) => `${key}:${value}`);
  return values.length === 0 ? {} : { 'node-meta': values };
}
