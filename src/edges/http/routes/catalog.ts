import {
  checkProxy,
  type NodeWithServices,
  type ServiceOnNode,
  connectInstancesCell,
  deregisterFromCatalog,
  deregistrationField,
  encodeNode,
  encodeNodeService,
  encodeMergedServiceNode,
  encodeServiceNode,
  mergedConnectInstancesCell,
  mergedNodeServicesCell,
  mergedServiceInstancesCell,
  nodeFilterType,
  nodeServiceFilterType,
  nodeServicesCell,
  nodesCell,
  registerInCatalog,
  registrationField,
  serviceInstancesCell,
  serviceNodeFilterType,
  servicesCell,
  servicesOnNodesCell,
  toRegistration,
} from '../../../discovery/catalog/index.js';
import { encodeGatewayService, gatewayServicesQueryCell } from '../../../discovery/config/index.js';
import type { Cell, NodeRecord, ServiceRecord } from '../../../model/index.js';
import { badRequest, json, jsonOnce } from '../answers.js';
import { checkDatacenter } from '../datacenter.js';
import { readBodyAs } from '../json-body.js';
import { hasNodeMeta, hasTags } from '../node-meta.js';
import { sortByNear } from '../near.js';
import { orMerged } from '../or-merged.js';
import { type ReadResult, isEmpty, readCell, readThen } from '../read.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';
import { gatewayServiceFilterType } from '../filter-types.js';
import { asksForAll, filterRows } from '../row-filter.js';

const nodeRead = { resource: 'node', access: 'read', scope: 'items' } as const;
const serviceRead = { resource: 'service', access: 'read', scope: 'items' } as const;

/** consul-behaviour.md 1.3. */
export const catalogRoutes: readonly Route[] = [
  {
    method: 'PUT',
    path: '/v1/catalog/register',
    acl: { resource: 'service', access: 'write', scope: 'body' },
    blocking: false,
    handle: register,
  },
  {
    method: 'PUT',
    path: '/v1/catalog/deregister',
    acl: { resource: 'service', access: 'write', scope: 'body' },
    blocking: false,
    handle: deregister,
  },
  { method: 'GET', path: '/v1/catalog/datacenters', acl: 'none', blocking: false, handle: listDatacenters },
  {
    method: 'GET',
    path: '/v1/catalog/nodes',
    acl: nodeRead,
    blocking: true,
    errorsHaveIndex: true,
    ignoresNamespace: true,
    handle: listNodes,
  },
  {
    method: 'GET',
    path: '/v1/catalog/services',
    acl: serviceRead,
    blocking: true,
    errorsHaveIndex: true,
    handle: listServices,
  },
  {
    method: 'GET',
    path: '/v1/catalog/service/',
    acl: serviceRead,
    blocking: true,
    errorsHaveIndex: true,
    handle: (request) =>
      listInstances(
        request,
        orMerged(request, serviceInstancesCell, mergedServiceInstancesCell),
        request.rest.toLowerCase(),
      ),
  },
  {
    method: 'GET',
    path: '/v1/catalog/connect/',
    acl: serviceRead,
    blocking: true,
    errorsHaveIndex: true,
    handle: (request) =>
      listInstances(request, orMerged(request, connectInstancesCell, mergedConnectInstancesCell), request.rest),
  },
  { method: 'GET', path: '/v1/catalog/node/', acl: nodeRead, blocking: true, errorsHaveIndex: true, handle: readNode },
  {
    method: 'GET',
    path: '/v1/catalog/node-services/',
    acl: nodeRead,
    blocking: true,
    errorsHaveIndex: true,
    handle: readNodeServices,
  },
  {
    method: 'GET',
    path: '/v1/catalog/gateway-services/',
    acl: serviceRead,
    blocking: true,
    errorsHaveIndex: true,
    handle: listGatewayServices,
  },
];

async function register(request: ApiRequest): Promise<ApiAnswer> {
  const body = await readBodyAs(request, registrationField, { strict: 'names' });
  checkDatacenter(request.config, body.datacenter);
  const registration = toRegistration(body, request.config.datacenter);
  checkProxy(registration.service?.proxy);
  await registerInCatalog(request.deps.store, registration);
  return json(true);
}

async function deregister(request: ApiRequest): Promise<ApiAnswer> {
  const { datacenter, ...removal } = await readBodyAs(request, deregistrationField, { strict: 'names' });
  checkDatacenter(request.config, datacenter);
  await deregisterFromCatalog(request.deps.store, removal);
  return json(true);
}

function listDatacenters(request: ApiRequest): ApiAnswer {
  return json([request.config.datacenter]);
}

async function listNodes(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, nodesCell, '');
  if (asksForAll(request)) return jsonOnce(value, 'all', encodeNodes, headers);
  const kept = value.filter((node) => hasNodeMeta(request, node));
  const rows = sortByNear(request, kept, ({ node }) => node).map(encodeNode);
  return json(filterRows(request, nodeFilterType, rows), headers);
}

const encodeNodes = (nodes: readonly NodeRecord[]): unknown => nodes.map(encodeNode);

async function listServices(request: ApiRequest): Promise<ApiAnswer> {
  if (!request.query.has('node-meta') && !request.query.has('filter')) {
    const { value, headers } = await readCell(request, servicesCell, '');
    return jsonOnce(value, 'tags', encodeTags, headers);
  }
  const { value, headers } = await readCell(request, servicesOnNodesCell, '');
  const rows = value.filter(({ node }) => hasNodeMeta(request, node)).map(encodeServiceNode);
  const kept = filterRows(request, serviceNodeFilterType, rows);
  return json(tagsByName(kept.map((row) => [row['ServiceName'] as string, row['ServiceTags'] as string[]])), headers);
}

const encodeTags = (services: readonly ServiceRecord[]): object =>
  tagsByName(services.map(({ service, tags }) => [service, tags]));

/** Service name -> every tag that some instance has, in the order found; names sorted. */
function tagsByName(instances: readonly (readonly [name: string, tags: readonly string[]])[]): object {
  const found = new Map<string, Set<string>>();
  for (const [name, tags] of instances) {
    const known = found.get(name) ?? new Set();
    for (const tag of tags) known.add(tag);
    found.set(name, known);
  }
  const sorted = [...found].sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, tags]) => [name, [...tags]]));
}

function listInstances(
  request: ApiRequest,
  cell: Cell<readonly ServiceOnNode[]>,
  key: string,
): Promise<ApiAnswer> | ApiAnswer {
  if (request.rest === '') badRequest('Missing service name');
  if (request.query.get('peer') !== '') return json([], { 'X-Consul-Index': '1' });
  const isMerged = request.query.has('merge-central-config');
  return readThen(request, cell, key, OR_STORE_INDEX, ({ value, headers }) => {
    if (asksForAll(request))
      return isMerged
        ? jsonOnce(value, 'merged', encodeMergedRows, headers)
        : jsonOnce(value, 'all', encodeRows, headers);
    const kept = value.filter(({ node, service }) => hasNodeMeta(request, node) && hasTags(request, service.tags));
    const encodeRow = isMerged ? encodeMergedServiceNode : encodeServiceNode;
    const rows = sortByNear(request, kept, ({ node }) => node.node).map(encodeRow);
    return json(filterRows(request, serviceNodeFilterType, rows), headers);
  });
}

const OR_STORE_INDEX = { usesStoreIndex: isEmpty };
const encodeRows = (rows: readonly ServiceOnNode[]): unknown => rows.map(encodeServiceNode);
const encodeMergedRows = (rows: readonly ServiceOnNode[]): unknown => rows.map(encodeMergedServiceNode);

async function readNode(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readNodeCell(request, nodeServicesCell);
  if (value === undefined) return json(null, headers);
  const rows = filterRows(request, nodeServiceFilterType, value.services.map(encodeNodeService));
  return json(
    { Node: encodeNode(value.node), Services: Object.fromEntries(rows.map((row) => [row['ID'], row])) },
    headers,
  );
}

async function readNodeServices(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readNodeCell(request, orMerged(request, nodeServicesCell, mergedNodeServicesCell));
  if (value === undefined) return json({ Node: null, Services: [] }, headers);
  const rows = filterRows(request, nodeServiceFilterType, value.services.map(encodeNodeService));
  return json({ Node: encodeNode(value.node), Services: rows }, headers);
}

function readNodeCell(
  request: ApiRequest,
  cell: Cell<NodeWithServices | undefined>,
): Promise<ReadResult<NodeWithServices | undefined>> {
  if (request.rest === '') badRequest('Missing node name');
  // One character is too short for Consul to look for an ID that starts with it: it answers at once that there is none.
  const isAbsent = (node: NodeWithServices | undefined): boolean => node === undefined;
  const options = request.rest.length < 2 ? { usesFirstIndex: isAbsent } : { usesStoreIndex: isAbsent };
  return readCell(request, cell, request.rest, options);
}

async function listGatewayServices(request: ApiRequest): Promise<ApiAnswer> {
  if (request.rest === '') badRequest('Missing gateway name');
  const { value, headers } = await readCell(request, gatewayServicesQueryCell, request.rest);
  return json(filterRows(request, gatewayServiceFilterType, value.map(encodeGatewayService)), headers);
}
