import { assignManualVirtualIps } from '../../../discovery/catalog/index.js';
import { type Field, list, named, object, text } from '../../../model/wire/index.js';
import { badRequest, json } from '../answers.js';
import { readBodyAs } from '../json-body.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';

interface VirtualIpBody {
  readonly service: string;
  readonly manualVips: readonly string[];
}

const virtualIpField: Field<VirtualIpBody> = object<VirtualIpBody>(
  { service: text(), manualVips: named('ManualVIPs', list(text())) },
  { ignored: ['Datacenter', 'Namespace', 'Partition'] },
);

/** consul-behaviour.md 1.14, as far as operators need it. */
export const internalRoutes: readonly Route[] = [
  {
    method: 'PUT',
    path: '/v1/internal/service-virtual-ip',
    acl: { resource: 'mesh', access: 'write', scope: 'any' },
    blocking: false,
    handle: assign,
  },
];

async function assign(request: ApiRequest): Promise<ApiAnswer> {
  const { service, manualVips } = await readBodyAs(request, virtualIpField);
  if (service === '') badRequest('Service must be set');
  const { result } = await request.deps.store.transact('assign-virtual-ips', (transaction) =>
    assignManualVirtualIps(transaction, service, manualVips),
  );
  const others = result.unassignedFrom.map((name) => ({ ServiceName: { Name: name }, Peer: '' }));
  return json({ Found: result.found, UnassignedFrom: others.length === 0 ? null : others });
}
