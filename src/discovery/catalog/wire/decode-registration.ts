import { AppError } from '../../../core/index.js';
import type { CheckStatus, ServiceKind } from '../../../model/index.js';
import type { CatalogRegistration, RegisteredCheck, RegisteredService } from '../registration.js';
import type { CheckBody, RegistrationBody, ServiceBody } from './registration-field.js';

const STATUSES: ReadonlySet<string> = new Set(['passing', 'warning', 'critical']);
const KINDS: ReadonlySet<string> = new Set([
  '',
  'connect-proxy',
  'mesh-gateway',
  'terminating-gateway',
  'ingress-gateway',
  'api-gateway',
]);

/** A body as a registration: defaults filled in, words checked. Throws `invalidArgument`. */
export function toRegistration(body: RegistrationBody, ownDatacenter: string): CatalogRegistration {
  const checks = body.check === undefined ? body.checks : [...body.checks, body.check];
  return {
    node: body.node,
    id: body.id.toLowerCase(),
    address: body.address,
    datacenter: body.datacenter === '' ? ownDatacenter : body.datacenter,
    taggedAddresses: body.taggedAddresses,
    meta: body.nodeMeta,
    skipNodeUpdate: body.skipNodeUpdate,
    ...(body.locality === undefined ? {} : { locality: body.locality }),
    ...(body.service === undefined ? {} : { service: toService(body.service) }),
    checks: checks.map((check) => toCheck(check, body.node)),
  };
}

/** A service of a body. Throws `invalidArgument`. */
export function toService(body: ServiceBody): RegisteredService {
  if (!isServiceKind(body.kind))
    throw new AppError(
      'invalidArgument',
      `Service.Kind must be one of ${[...KINDS].filter((kind) => kind !== '').join(', ')} or empty, not "${body.kind}"`,
    );
  if (body.port < 0 || body.port > 65535)
    throw new AppError('invalidArgument', `Service.Port must be between 0 and 65535, not ${body.port}`);
  return {
    kind: body.kind,
    id: body.id,
    service: body.service,
    tags: body.tags,
    address: body.address,
    port: body.port,
    socketPath: body.socketPath,
    taggedAddresses: body.taggedAddresses,
    meta: body.meta,
    weights: {
      passing: Math.max(1, body.weights?.passing ?? 1),
      warning: body.weights === undefined || body.weights.passing === 0 ? 1 : Math.max(0, body.weights.warning),
    },
    enableTagOverride: body.enableTagOverride,
    connect: { native: body.connect?.native ?? false },
    ...(body.proxy === undefined ? {} : { proxy: body.proxy }),
    ...(body.locality === undefined ? {} : { locality: body.locality }),
  };
}

/** A check of a body, on `node` unless it names one. Throws `invalidArgument`. */
export function toCheck(body: CheckBody, node: string): RegisteredCheck {
  const status = body.status === '' ? 'critical' : body.status;
  if (!isCheckStatus(status))
    throw new AppError(
      'invalidArgument',
      `a check's Status must be "passing", "warning" or "critical", not "${status}"`,
    );
  const { exposed } = body;
  return {
    node: body.node === '' ? node : body.node,
    checkId: body.checkId,
    name: body.name,
    status,
    notes: body.notes,
    output: body.output,
    serviceId: body.serviceId,
    type: body.type,
    interval: body.interval,
    timeout: body.timeout,
    exposedPort: body.exposedPort,
    definition: body.definition,
    ...(exposed && {
      exposed: { path: exposed.path, port: exposed.port, protocol: exposed.protocol === 'http2' ? 'http2' : 'http' },
    }),
  };
}

function isServiceKind(kind: string): kind is ServiceKind {
  return KINDS.has(kind);
}

function isCheckStatus(status: string): status is CheckStatus {
  return STATUSES.has(status);
}
