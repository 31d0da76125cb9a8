import { AppError } from '../core/index.js';
import type { ProxySettings } from '../model/index.js';
import { type CheckDefinition, emptyCheck, type ServiceDefinition } from '../model/definitions/index.js';
import type { LocalService } from './local-agent.js';

export interface PortRange {
  /** 0 and 0 = sidecars must bring their own port. */
  readonly from: number;
  readonly to: number;
}

/** The id of the sidecar that the agent manages for a service. */
export const sidecarId = (serviceId: string): string => `${serviceId}-sidecar-proxy`;

/**
 * The nested sidecar of a service as a definition of its own, defaults filled in (consul-behaviour 2.3). `existing` keeps its
 * port on registering again. Throws AppError('conflict') when no port of the range is free.
 */
export function sidecarOf(
  parent: ServiceDefinition,
  existing: LocalService | undefined,
  usedPorts: ReadonlySet<number>,
  range: PortRange,
): ServiceDefinition | undefined {
  const given = parent.sidecar;
  if (given === undefined) return undefined;
  const id = sidecarId(parent.id);
  const address = given.address === '' ? parent.address : given.address;
  const port = given.port || existing?.port || freePort(usedPorts, range);
  const proxy = proxyOf(parent, given.proxy);
  const { sidecar: _nested, ...own } = given;
  const locality = given.locality ?? parent.locality;
  return {
    ...own,
    kind: given.kind === '' ? 'connect-proxy' : given.kind,
    id,
    service: given.service === '' ? `${parent.service}-sidecar-proxy` : given.service,
    tags: given.tags.length > 0 ? given.tags : parent.tags,
    meta: Object.keys(given.meta).length > 0 ? given.meta : parent.meta,
    token: given.token === '' ? parent.token : given.token,
    address,
    port,
    taggedAddresses: given.taggedAddresses,
    proxy,
    checks: given.checks.length > 0 ? given.checks : defaultChecks(parent.id, address, port),
    ...(locality ? { locality } : {}),
  };
}

const EMPTY_PROXY: ProxySettings = {
  destinationServiceName: '',
  destinationServiceId: '',
  localServiceAddress: '',
  localServicePort: 0,
  localServiceSocketPath: '',
  mode: '',
  mutualTlsMode: '',
  meshGateway: { mode: '' },
  expose: { checks: false, paths: [] },
  config: {},
  upstreams: [],
};

function proxyOf(parent: ServiceDefinition, given: ProxySettings = EMPTY_PROXY): ProxySettings {
  const socketPath = given.localServiceSocketPath || parent.socketPath;
  const target =
    socketPath === ''
      ? {
          localServiceAddress: given.localServiceAddress || '127.0.0.1',
          localServicePort: given.localServicePort || parent.port,
        }
      : { localServiceSocketPath: socketPath };
  return { ...given, destinationServiceName: parent.service, destinationServiceId: parent.id, ...target };
}

function freePort(used: ReadonlySet<number>, range: PortRange): number {
  for (let port = range.from; port > 0 && port <= range.to; port++) if (!used.has(port)) return port;
  throw new AppError(
    'conflict',
    `no port provided for sidecar_service and none left in the configured range [${range.from}, ${range.to}]`,
  );
}

function defaultChecks(parentId: string, address: string, port: number): CheckDefinition[] {
  return [
    { ...emptyCheck, name: 'Connect Sidecar Listening', tcp: `${address || '127.0.0.1'}:${port}`, intervalMs: 10_000 },
    { ...emptyCheck, name: `Connect Sidecar Aliasing ${parentId}`, aliasService: parentId },
  ];
}
