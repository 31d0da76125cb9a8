import type { CaConfigRecord, Cell } from '../../../model/index.js';
import { formatDurationMs } from '../../../core/duration.js';
import { json, text } from '../answers.js';
import { caRootsCell, encodeCaRoots, rootsPem } from '../ca-roots.js';
import { readCell } from '../read.js';
import { readFlag } from '../read-flag.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';

/** consul-behaviour.md 1.8. */
export const connectCaRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/connect/ca/roots', acl: 'none', blocking: true, handle: readRoots },
  { method: 'GET', path: '/v1/agent/connect/ca/roots', acl: 'none', blocking: true, handle: readRoots },
  {
    method: 'GET',
    path: '/v1/connect/ca/configuration',
    acl: { resource: 'operator', access: 'read', scope: 'any' },
    blocking: false,
    handle: readConfiguration,
  },
];

const configurationCell: Cell<CaConfigRecord | undefined> = {
  kind: 'ca-configuration',
  compute: (view) => view.get('ca-config', 'config'),
};

async function readRoots(request: ApiRequest): Promise<ApiAnswer> {
  const pem = readFlag(request.query, 'pem');
  await request.deps.ca.ready;
  const { value, headers } = await readCell(request, caRootsCell, '');
  if (!pem) return json(encodeCaRoots(value), headers);
  return text(200, rootsPem(value), { ...headers, 'Content-Type': 'application/pem-certificate-chain' });
}

async function readConfiguration(request: ApiRequest): Promise<ApiAnswer> {
  await request.deps.ca.ready;
  const { value } = await readCell(request, configurationCell, '');
  if (value === undefined) return text(503, 'the certificate authority is not ready yet; try again in a second');
  return json({
    Provider: value.provider,
    Config: { LeafCertTTL: formatDurationMs(value.leafTtlMs), RootCertTTL: formatDurationMs(value.rootTtlMs) },
    State: null,
    ForceWithoutCrossSigning: false,
    CreateIndex: value.createIndex,
    ModifyIndex: value.modifyIndex,
  });
}
