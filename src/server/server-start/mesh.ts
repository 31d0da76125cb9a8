import { createCertificateAuthority } from '../../ca/index.js';
import { nextTurn } from '../../core/index.js';
import type { EntryGuard } from '../../discovery/config/index.js';
import { createEntryGuard } from '../../discovery/proxies/index.js';
import { proxyNeedsCell, proxyNeedsKey, proxylessResourceKey, resourceCell } from '../../xds/resources/index.js';
import { createXdsServer, type XdsServer } from '../../xds/server/index.js';
import { connectedProxies } from '../connected-proxies.js';
import { findProxy } from '../find-proxy.js';
import type { Ground } from './ground.js';

/** What serves proxies. */
export interface Mesh {
  readonly ca: ReturnType<typeof createCertificateAuthority>;
  readonly xds: XdsServer;
  /** Looks at entries with the eyes of the proxies that are registered and connected; absent without service mesh. */
  readonly entryGuard: EntryGuard | undefined;
}

/** The certificate authority, which one server at a time keeps, and the Envoy API, not open yet. */
export function createMesh({ config, store, duties, clock, logger }: Ground): Mesh {
  const ca = createCertificateAuthority(store, clock, {
    ...(config.ca.clusterId === '' ? {} : { clusterId: config.ca.clusterId }),
    leafTtlMs: config.ca.leafTtlMs,
    rootTtlMs: config.ca.rootTtlMs,
    intermediateTtlMs: config.ca.intermediateTtlMs,
    given: config.ca.given,
    key: { type: config.ca.keyType, bits: config.ca.keyBits },
    ...(config.ca.own && { own: config.ca.own }),
    datacenter: config.datacenter,
    take: (start) => duties.take('ca', start),
  });
  const xds = createXdsServer({
    store,
    ca,
    needsCell: proxyNeedsCell,
    proxyNeedsKey,
    resourceCell,
    findProxy: (nodeName, proxyId) => findProxy(store.view, config.nodeName, nodeName, proxyId),
    onDemand: (identity, client, type, name) =>
      isGrpcLibrary(client.userAgent) ? proxylessResourceKey(store.view, identity, type, name) : undefined,
    clock,
    logger: logger.child({ room: 'xds' }),
    options: { allowPlaintextSecrets: config.allowPlaintextSecrets },
  });
  const connected = (): ReturnType<typeof connectedProxies> => connectedProxies(xds.propagation);
  const entryGuard = config.connectEnabled
    ? createEntryGuard({ store, connected, nextTurn, now: () => performance.now() })
    : undefined;
  return { ca, xds, entryGuard };
}

/** Clients that speak xDS themselves call themselves `gRPC <language> …`. */
const isGrpcLibrary = (userAgent: string): boolean => /^grpc/i.test(userAgent);
