import { intentionCheckCell, intentionPairKey } from '../../../discovery/intentions/index.js';
import { decisionReason } from '../../../mesh/intentions/index.js';
import { type Field, object, text } from '../../../model/wire/index.js';
import { badRequest, json } from '../answers.js';
import { readBlocking } from '../blocking.js';
import { caRootsCell } from '../ca-roots.js';
import { seenReads } from '../cache-control.js';
import type { HttpDeps } from '../http-deps.js';
import { readBodyAs } from '../json-body.js';
import { type HeldLeaf, LeafStore } from '../leaf-store.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';
import { parseServiceSpiffeId, serviceSpiffeId } from '../spiffe.js';

/** Certificates and decisions for applications that speak the mesh's TLS themselves (consul-behaviour.md 1.2). */
export const agentConnectRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/agent/connect/ca/leaf/',
    acl: { resource: 'service', access: 'write', scope: 'path' },
    blocking: true,
    handle: readLeaf,
  },
  {
    method: 'POST',
    path: '/v1/agent/connect/authorize',
    acl: { resource: 'service', access: 'write', scope: 'body' },
    blocking: false,
    handle: authorize,
  },
];

const SERVICE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,125}[A-Za-z0-9])?$/;
const storesBy = new WeakMap<HttpDeps, LeafStore>();

/** Waits like any blocking read while the leaf is the one the client has; a renewal or another root wakes it. */
async function readLeaf(request: ApiRequest): Promise<ApiAnswer> {
  const { deps, rest: service } = request;
  if (service === '') badRequest('Missing service name');
  if (!SERVICE_NAME.test(service))
    badRequest(
      `invalid service name "${service}": letters, digits, "-", "_" and "." make a name that a certificate can carry`,
    );
  const { index, waitMs } = readBlocking(request.query, request.config);
  await deps.ca.ready;
  let held = currentLeaf(request, service);
  if (index > 0 && held.index <= index) held = await nextLeaf(request, service, held, waitMs);
  const { leaf } = held;
  return json(
    {
      SerialNumber: (leaf.serialNumber.match(/.{2}/g) ?? [leaf.serialNumber]).join(':'),
      CertPEM: leaf.certPem,
      PrivateKeyPEM: leaf.privateKeyPem,
      Service: service,
      ServiceURI: leaf.spiffeId,
      ValidAfter: rfc3339(leaf.notBeforeMs),
      ValidBefore: rfc3339(leaf.notAfterMs),
      CreateIndex: held.index,
      ModifyIndex: held.index,
    },
    { 'X-Consul-Index': String(held.index), ...seenReads(deps).headers(`leaf ${leaf.version}`) },
  );
}

function currentLeaf({ deps, config }: ApiRequest, service: string): HeldLeaf {
  const store = storesBy.get(deps) ?? new LeafStore();
  storesBy.set(deps, store);
  const spiffeId = serviceSpiffeId({ trustDomain: deps.ca.trustDomain, datacenter: config.datacenter, service });
  const active = deps.store.read(caRootsCell, '').value.roots.find((root) => root.active);
  const leastIndex = Math.max(deps.store.index, (active?.modifyIndex ?? 0) + 1);
  return store.get(deps.ca, deps.clock, spiffeId, active?.id ?? '', leastIndex);
}

function nextLeaf(request: ApiRequest, service: string, held: HeldLeaf, waitMs: number): Promise<HeldLeaf> {
  const { clock, store } = request.deps;
  return new Promise((resolve) => {
    const end = (): void => {
      cancelTimer();
      unsubscribe();
      request.signal.removeEventListener('abort', end);
      resolve(currentLeaf(request, service));
    };
    const dueMs = Math.max(0, held.renewAtMs - clock.now());
    const cancelTimer = clock.after(Math.min(waitMs, dueMs), end);
    let first = true;
    const unsubscribe = store.subscribe(caRootsCell, '', () => {
      if (!first) queueMicrotask(end);
      first = false;
    });
    request.signal.addEventListener('abort', end, { once: true });
  });
}

interface AuthorizeBody {
  readonly target: string;
  readonly clientCertUri: string;
  readonly clientCertSerial: string;
}

const authorizeField: Field<AuthorizeBody> = object<AuthorizeBody>(
  { target: text(), clientCertUri: text(), clientCertSerial: text() },
  { ignored: ['Namespace', 'Partition'] },
);

/** Intentions are global across datacenters and trust domains here: only the service's name counts. */
async function authorize(request: ApiRequest): Promise<ApiAnswer> {
  const body = await readBodyAs(request, authorizeField);
  if (body.target === '') badRequest('Target service must be specified');
  const { service } = parseServiceSpiffeId(body.clientCertUri);
  const pair = { source: { name: service, peer: '' }, destination: body.target };
  const { value } = request.deps.store.read(intentionCheckCell, intentionPairKey(pair));
  return json(
    { Authorized: value.allowed, Reason: decisionReason(value) },
    seenReads(request.deps).headers(`intentions of ${body.target}`),
  );
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
