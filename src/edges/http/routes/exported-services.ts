import { exportedServicesCell } from '../../../discovery/config/index.js';
import type { ExportedService } from '../../../mesh/exports/index.js';
import { json } from '../answers.js';
import { exportedServiceFilterType } from '../filter-types.js';
import { readCell } from '../read.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';
import { filterRows } from '../row-filter.js';

/** consul-behaviour.md 1.12. */
export const exportedServicesRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/exported-services',
    acl: { resource: 'mesh', access: 'read', scope: 'any' },
    blocking: true,
    handle: list,
  },
];

async function list(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, exportedServicesCell, '');
  return json(filterRows(request, exportedServiceFilterType, value.map(encode)), headers);
}

function encode({ service, peers }: ExportedService): Record<string, unknown> {
  return { Service: service, Consumers: { Peers: peers } };
}
