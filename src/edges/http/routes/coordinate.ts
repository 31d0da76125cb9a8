import { AppError, type Coordinate, ORIGIN } from '../../../core/index.js';
import { coordinatesCell, nodeCoordinatesCell } from '../../../discovery/coordinates/index.js';
import { type CoordinateRecord, coordinateKey } from '../../../model/index.js';
import { type Field, decimal, list, object, text } from '../../../model/wire/index.js';
import { badRequest, empty, json } from '../answers.js';
import { checkDatacenter } from '../datacenter.js';
import { readBodyAs } from '../json-body.js';
import { isEmpty, readCell } from '../read.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';

interface UpdateBody {
  readonly datacenter: string;
  readonly node: string;
  readonly segment: string;
  readonly coord: Coordinate;
}

const coordinateField: Field<Coordinate> = object<Coordinate>({
  vec: list(decimal()),
  error: decimal(),
  adjustment: decimal(),
  height: decimal(),
});

const updateField: Field<UpdateBody> = object<UpdateBody>(
  { datacenter: text(), node: text(), segment: text(), coord: coordinateField },
  { ignored: ['Partition'] },
);

/** Network coordinates (consul-behaviour.md 1.9). */
export const coordinateRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/coordinate/datacenters', acl: 'none', blocking: false, handle: listDatacenters },
  {
    method: 'GET',
    path: '/v1/coordinate/nodes',
    acl: { resource: 'node', access: 'read', scope: 'items' },
    blocking: true,
    handle: listNodes,
  },
  {
    method: 'GET',
    path: '/v1/coordinate/node/',
    acl: { resource: 'node', access: 'read', scope: 'path' },
    blocking: true,
    handle: readNode,
  },
  {
    method: 'PUT',
    path: '/v1/coordinate/update',
    acl: { resource: 'node', access: 'write', scope: 'body' },
    blocking: false,
    handle: update,
  },
];

/** The servers of each datacenter, with their place in the wide-area network: nobody but this one's are known. */
function listDatacenters(request: ApiRequest): ApiAnswer {
  checkEnabled(request);
  const { deps, config } = request;
  const servers = deps.servers().map(({ name }) => placed(name, '', coordinateOf(request, name)));
  return json([{ Datacenter: config.datacenter, AreaID: 'wan', Coordinates: servers }]);
}

async function listNodes(request: ApiRequest): Promise<ApiAnswer> {
  checkEnabled(request);
  const { value, headers } = await readCell(request, coordinatesCell, '');
  return json(ofSegment(request, value), headers);
}

async function readNode(request: ApiRequest): Promise<ApiAnswer> {
  checkEnabled(request);
  const { value, headers } = await readCell(request, nodeCoordinatesCell, request.rest, {
    usesStoreIndex: isEmpty,
  });
  const rows = ofSegment(request, value);
  return rows.length === 0 ? empty(404, headers) : json(rows, headers);
}

async function update(request: ApiRequest): Promise<ApiAnswer> {
  checkEnabled(request);
  const { datacenter, node, segment, coord } = await readBodyAs(request, updateField);
  checkDatacenter(request.config, datacenter);
  if (node === '') badRequest('Must provide Node: the name of the node whose coordinate it is');
  if (segment !== '') badRequest('Network segments are not supported in this version of Consul');
  request.deps.coordinates.update(node, segment, coord);
  return empty();
}

/** Where a node is; the origin until it has reported. */
export function coordinateOf({ deps }: Pick<ApiRequest, 'deps'>, node: string): Coordinate {
  return deps.store.view.get('coordinates', coordinateKey(node, ''))?.coordinate ?? ORIGIN;
}

function checkEnabled({ config }: ApiRequest): void {
  if (config.disableCoordinates) throw new AppError('unauthenticated', 'Coordinate support disabled');
}

function ofSegment(request: ApiRequest, rows: readonly CoordinateRecord[]): readonly object[] {
  const segment = request.query.get('segment');
  return rows.filter((row) => row.segment === segment).map(({ node, coordinate }) => placed(node, segment, coordinate));
}

function placed(node: string, segment: string, coordinate: Coordinate): object {
  return { Node: node, Segment: segment, Coord: encodeCoordinate(coordinate) };
}

/** A coordinate in Consul's JSON. */
export function encodeCoordinate({ vec, error, adjustment, height }: Coordinate): object {
  return { Vec: vec, Error: error, Adjustment: adjustment, Height: height };
}
