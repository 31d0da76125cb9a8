import { kvPath } from '../commands/kv-entry.js';
import { type Query, segment } from '../http/agent-client.js';
import { asList, asRecord, asText } from '../json.js';
import { UsageError } from '../usage-error.js';

/** What can be watched (consul-behaviour.md 3.3). */
export const watchTypes = [
  'key',
  'keyprefix',
  'services',
  'nodes',
  'service',
  'checks',
  'event',
  'connect_roots',
  'connect_leaf',
  'agent_service',
] as const;
export type WatchType = (typeof watchTypes)[number];

/** What is watched of it; empty = not given. */
export interface WatchParameters {
  readonly key: string;
  readonly prefix: string;
  readonly service: string;
  readonly tags: readonly string[];
  readonly passingOnly: boolean;
  readonly state: string;
  readonly name: string;
  readonly filter: string;
}

/** How a watch asks, and what of the answer it shows. */
export interface WatchedView {
  readonly path: string;
  readonly query: Query;
  /** Such answers say by a hash, not by an index, whether they are new. */
  readonly byHash?: true;
  /** The watched thing may be missing: then it is null. */
  readonly missing?: unknown;
  readonly show: (answer: unknown) => unknown;
  /** Of an answer only what is new since the one before is told. */
  readonly since?: (value: unknown, before: unknown) => unknown;
}

/** Events come once: a watch is told those that followed the last it knows. */
function eventsSince(events: unknown, before: unknown): unknown {
  const lastId = asText(asRecord(asList(before).at(-1))['ID']);
  const list = asList(events);
  return list.slice(list.findIndex((event) => asText(asRecord(event)['ID']) === lastId) + 1);
}

const asItIs = (answer: unknown): unknown => answer;

/** What a watch of this type asks for. Throws `UsageError` when something it needs is not given, or something does not fit. */
export function watchedView(type: WatchType, given: WatchParameters): WatchedView {
  const filter = given.filter === '' ? {} : { filter: given.filter };
  switch (type) {
    case 'key':
      return {
        path: kvPath(required(given.key, '-key', type)),
        query: {},
        missing: null,
        show: (answer) => asList(answer)[0] ?? null,
      };
    case 'keyprefix':
      return {
        path: kvPath(required(given.prefix, '-prefix', type)),
        query: { recurse: true },
        missing: [],
        show: asItIs,
      };
    case 'services':
      return { path: '/v1/catalog/services', query: filter, show: asItIs };
    case 'nodes':
      return { path: '/v1/catalog/nodes', query: filter, show: asItIs };
    case 'service':
      return {
        path: `/v1/health/service/${segment(required(given.service, '-service', type))}`,
        query: {
          ...filter,
          ...(given.tags.length > 0 ? { tag: given.tags } : {}),
          ...(given.passingOnly ? { passing: 1 } : {}),
        },
        show: asItIs,
      };
    case 'checks':
      return checksView(given, filter);
    case 'event':
      return {
        path: '/v1/event/list',
        query: given.name === '' ? {} : { name: given.name },
        since: eventsSince,
        show: asItIs,
      };
    case 'connect_roots':
      return { path: '/v1/agent/connect/ca/roots', query: {}, show: asItIs };
    case 'connect_leaf':
      return {
        path: `/v1/agent/connect/ca/leaf/${segment(required(given.service, '-service', type))}`,
        query: {},
        show: asItIs,
      };
    case 'agent_service':
      return {
        path: `/v1/agent/service/${segment(required(given.service, '-service', type))}`,
        query: {},
        byHash: true,
        show: asItIs,
      };
  }
}

function checksView({ service, state }: WatchParameters, filter: Query): WatchedView {
  if (service !== '' && state !== '') throw new UsageError('give -service or -state to a watch of checks, not both');
  return {
    path: service === '' ? `/v1/health/state/${segment(state || 'any')}` : `/v1/health/checks/${segment(service)}`,
    query: filter,
    show: asItIs,
  };
}

function required(value: string, flag: string, type: WatchType): string {
  if (value === '') throw new UsageError(`a watch of type ${type} needs ${flag}`);
  return value;
}
