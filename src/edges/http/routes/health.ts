import {
  type InstanceHealth,
  checkFilterType,
  encodeCheck,
  encodeInstanceHealth,
  instanceHealthFilterType,
} from '../../../discovery/catalog/index.js';
import {
  type CheckOnNode,
  connectHealthCell,
  ingressHealthCell,
  isPassing,
  mergedConnectHealthCell,
  mergedIngressHealthCell,
  mergedServiceHealthCell,
  nodeChecksCell,
  serviceChecksCell,
  serviceHealthCell,
  stateChecksCell,
} from '../../../discovery/health/index.js';
import type { Cell } from '../../../model/index.js';
import { badRequest, json, jsonOnce } from '../answers.js';
import { hasNodeMeta, hasTags } from '../node-meta.js';
import { sortByNear } from '../near.js';
import { orMerged } from '../or-merged.js';
import { type ReadOptions, type ReadResult, isEmpty, readCell, readThen } from '../read.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';
import { asksForAll, asksForAllButFilter, filterRows, LONGEST_KEPT_FILTER, requestFilter } from '../row-filter.js';
import { readFlag } from '../read-flag.js';

const nodeRead = { resource: 'node', access: 'read', scope: 'items' } as const;
const serviceRead = { resource: 'service', access: 'read', scope: 'items' } as const;
const STATES: ReadonlySet<string> = new Set(['any', 'passing', 'warning', 'critical']);

/** consul-behaviour.md 1.4. */
export const healthRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/health/node/', acl: nodeRead, blocking: true, handle: listNodeChecks },
  { method: 'GET', path: '/v1/health/checks/', acl: serviceRead, blocking: true, handle: listServiceChecks },
  { method: 'GET', path: '/v1/health/state/', acl: nodeRead, blocking: true, handle: listStateChecks },
  {
    method: 'GET',
    path: '/v1/health/service/',
    acl: serviceRead,
    blocking: true,
    handle: (request) =>
      listInstances(request, orMerged(request, serviceHealthCell, mergedServiceHealthCell), request.rest.toLowerCase()),
  },
  {
    method: 'GET',
    path: '/v1/health/connect/',
    acl: serviceRead,
    blocking: true,
    handle: (request) =>
      listInstances(request, orMerged(request, connectHealthCell, mergedConnectHealthCell), request.rest),
  },
  {
    method: 'GET',
    path: '/v1/health/ingress/',
    acl: serviceRead,
    blocking: true,
    handle: (request) =>
      listInstances(request, orMerged(request, ingressHealthCell, mergedIngressHealthCell), request.rest, {
        streaming: false,
      }),
  },
];

async function listNodeChecks(request: ApiRequest): Promise<ApiAnswer> {
  if (request.rest === '') badRequest('Missing node name');
  const { value, headers } = await readCell(request, nodeChecksCell, request.rest, { usesStoreIndex: isEmpty });
  return json(filterRows(request, checkFilterType, value.map(encodeCheck)), headers);
}

async function listServiceChecks(request: ApiRequest): Promise<ApiAnswer> {
  if (request.rest === '') badRequest('Missing service name');
  const { value, headers } = await readCell(request, serviceChecksCell, request.rest, { usesStoreIndex: always });
  return json(checkRows(request, value), headers);
}

async function listStateChecks(request: ApiRequest): Promise<ApiAnswer> {
  if (request.rest === '') badRequest('Missing check state');
  if (!STATES.has(request.rest))
    badRequest(`Invalid check state "${request.rest}": it must be any, passing, warning or critical`);
  const { value, headers } = await readCell(request, stateChecksCell, request.rest, { usesStoreIndex: isEmpty });
  return json(checkRows(request, value), headers);
}

function checkRows(request: ApiRequest, checks: readonly CheckOnNode[]): readonly object[] {
  const kept = checks.filter(({ node }) => hasNodeMeta(request, node));
  const rows = sortByNear(request, kept, ({ check }) => check.node).map(({ check }) => encodeCheck(check));
  return filterRows(request, checkFilterType, rows);
}

function listInstances(
  request: ApiRequest,
  cell: Cell<readonly InstanceHealth[]>,
  key: string,
  options?: ReadOptions<readonly InstanceHealth[]>,
): Promise<ApiAnswer> | ApiAnswer {
  if (request.rest === '') badRequest('Missing service name');
  const { query } = request;
  const samenessGroup = query.get('sg') || query.get('sameness-group');
  if (query.get('peer') !== '' && samenessGroup !== '')
    badRequest('peer-name and sameness-group are mutually exclusive');
  if (samenessGroup !== '') badRequest('sameness groups are not supported in consul CE');
  const onlyPassing = readFlag(query, 'passing');
  // Nothing is imported from peers yet.
  if (query.get('peer') !== '') return json([], { 'X-Consul-Index': '1' });
  const streaming = query.get('near') === '' && !query.has('merge-central-config');
  return readThen(request, cell, key, options ?? (streaming ? STREAMING : UNSTREAMED), (result) =>
    instancesAnswer(request, result, onlyPassing),
  );
}

const UNSTREAMED = { usesStoreIndex: isEmpty };
const STREAMING = { usesStoreIndex: isEmpty, streaming: true };

function instancesAnswer(
  request: ApiRequest,
  { value, headers }: ReadResult<readonly InstanceHealth[]>,
  onlyPassing: boolean,
): ApiAnswer {
  const { query } = request;
  if (asksForAll(request))
    return onlyPassing
      ? jsonOnce(value, 'passing', encodePassing, headers)
      : jsonOnce(value, 'all', encodeInstances, headers);
  const expression = query.get('filter');
  if (expression.length <= LONGEST_KEPT_FILTER && asksForAllButFilter(request)) {
    const filter = requestFilter(request, instanceHealthFilterType) ?? always;
    const make = (all: readonly InstanceHealth[]): unknown =>
      (onlyPassing ? all.filter(isAllPassing) : all).map(encodeInstanceHealth).filter(filter);
    return jsonOnce(value, `${onlyPassing ? 'passing' : 'all'} ${expression}`, make, headers);
  }
  const kept = value.filter(
    ({ node, service, checks }) =>
      hasNodeMeta(request, node) && hasTags(request, service.tags) && (!onlyPassing || isPassing(checks)),
  );
  const rows = sortByNear(request, kept, ({ node }) => node.node).map(encodeInstanceHealth);
  return json(filterRows(request, instanceHealthFilterType, rows), headers);
}

const encodeInstances = (instances: readonly InstanceHealth[]): unknown => instances.map(encodeInstanceHealth);
const encodePassing = (instances: readonly InstanceHealth[]): unknown =>
  encodeInstances(instances.filter(isAllPassing));

const isAllPassing = ({ checks }: InstanceHealth): boolean => isPassing(checks);
const always = (): boolean => true;
