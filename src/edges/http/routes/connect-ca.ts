import type { CaConfigRecord, Cell } from '../../../model/index.js';
import { type CaConfigurationRequest, configureCa, shownCaConfig } from '../../../ca/index.js';
import { type Field, flag, object, opaque, optional, text as textField } from '../../../model/wire/index.js';
import { empty, json, text } from '../answers.js';
import { caRootsCell, encodeCaRoots, rootsPem } from '../ca-roots.js';
import { readBodyAs } from '../json-body.js';
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
  {
    method: 'PUT',
    path: '/v1/connect/ca/configuration',
    acl: { resource: 'operator', access: 'write', scope: 'any' },
    blocking: false,
    handle: writeConfiguration,
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
    Config: shownCaConfig(value),
    State: null,
    ForceWithoutCrossSigning: false,
    CreateIndex: value.createIndex,
    ModifyIndex: value.modifyIndex,
  });
}

const requestField: Field<CaConfigurationRequest> = object<CaConfigurationRequest>(
  { provider: textField(), config: opaque(), state: optional(opaque()), forceWithoutCrossSigning: flag() },
  { ignored: ['Datacenter', 'ClusterID', 'CreateIndex', 'ModifyIndex'] },
);

async function writeConfiguration(request: ApiRequest): Promise<ApiAnswer> {
  const body = await readBodyAs(request, requestField);
  await request.deps.ca.ready;
  await configureCa(request.deps.store, request.deps.clock, body);
  return empty();
}
