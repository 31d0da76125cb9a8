import { AppError } from '../core/index.js';

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

export type WatchQuery = Readonly<Record<string, string | readonly string[] | number | true>>;

/** How a watch asks, and what of the answer it shows. */
export interface WatchedView {
  readonly path: string;
  readonly query: WatchQuery;
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
  const lastId = idOf(asList(before).at(-1));
  const list = asList(events);
  return list.slice(list.findIndex((event) => idOf(event) === lastId) + 1);
}

const asList = (answer: unknown): readonly unknown[] => (Array.isArray(answer) ? answer : []);
const idOf = (event: unknown): unknown => (event as { readonly ID?: unknown } | undefined)?.ID;
const segment = (text: string): string => encodeURIComponent(text);
const kvPath = (key: string): string => `/v1/kv/${key.split('/').map(segment).join('/')}`;

/** How a parameter is called where the watch is given: `-passingonly`, `passingonly`. */
export type Spelling = (parameter: string) => string;

const asItIs = (answer: unknown): unknown => answer;

/** What a watch of this type asks for. Throws AppError('invalidArgument') when something it needs is not given, or does not fit. */
export function watchedView(type: WatchType, given: WatchParameters, spelled: Spelling): WatchedView {
  const required = (value: string, parameter: string): string => {
    if (value !== '') return value;
    throw new AppError('invalidArgument', `a watch of type ${type} needs ${spelled(parameter)}`);
  };
  const filter = given.filter === '' ? {} : { filter: given.filter };
  switch (type) {
    case 'key':
      return {
        path: kvPath(required(given.key, 'key')),
        query: {},
        missing: null,
        show: (answer) => asList(answer)[0] ?? null,
      };
    case 'keyprefix':
      return {
        path: kvPath(required(given.prefix, 'prefix')),
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
        path: `/v1/health/service/${segment(required(given.service, 'service'))}`,
        query: {
          ...filter,
          ...(given.tags.length > 0 ? { tag: given.tags } : {}),
          ...(given.passingOnly ? { passing: 1 } : {}),
        },
        show: asItIs,
      };
    case 'checks':
      return checksView(given, filter, spelled);
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
        path: `/v1/agent/connect/ca/leaf/${segment(required(given.service, 'service'))}`,
        query: {},
        show: asItIs,
      };
    case 'agent_service':
      return {
        path: `/v1/agent/service/${segment(required(given.service, 'service'))}`,
        query: {},
        byHash: true,
        show: asItIs,
      };
  }
}

function checksView({ service, state }: WatchParameters, filter: WatchQuery, spelled: Spelling): WatchedView {
  if (service !== '' && state !== '')
    throw new AppError(
      'invalidArgument',
      `give ${spelled('service')} or ${spelled('state')} to a watch of checks, not both`,
    );
  return {
    path: service === '' ? `/v1/health/state/${segment(state || 'any')}` : `/v1/health/checks/${segment(service)}`,
    query: filter,
    show: asItIs,
  };
}

/** The type of this name. Throws AppError('invalidArgument') that names those there are. */
export function watchType(text: string, spelled: Spelling): WatchType {
  const type = watchTypes.find((one) => one === text);
  if (type !== undefined) return type;
  throw new AppError(
    'invalidArgument',
    text === ''
      ? `give the type of watch with ${spelled('type')}`
      : `there is no watch of type "${text}": ${watchTypes.join(', ')}`,
  );
}
