import { AppError, sha256Hex, tupleKey } from '../../../../src/core/index.js';
import type { EncodedResource, ProxyNeeds, ResourceType } from '../../../../src/xds/resources/spec.js';
import {
  createXdsServer,
  type ProxyKey,
  type XdsLogger,
  type XdsServer,
  type XdsServerDependencies,
  type XdsServerOptions,
} from '../../../../src/xds/server/index.js';
import { FakeEnvoy, type FakeEnvoyOptions } from '../../../support/fake-envoy/index.js';
import { any, field, varintField } from '../../../support/fake-envoy/proto.js';
import { typeUrls } from '../../../support/fake-envoy/messages.js';
import { FakeCa } from './fake-ca.js';
import { FakeClock } from './fake-clock.js';
import { FakeStore } from './fake-store.js';

type Names = Partial<Record<ResourceType, readonly (string | readonly [name: string, cellKey: string])[]>>;

/** A server over cells that a test sets by hand, and fake Envoys that connect to it. */
export class TestMesh {
  readonly store = new FakeStore();
  readonly clock = new FakeClock();
  readonly ca = new FakeCa(this.clock);
  readonly logs: { level: string; fields: object; message: string }[] = [];
  readonly envoys: FakeEnvoy[] = [];
  readonly registered = new Map<string, ProxyKey>();
  server!: XdsServer;
  port = 0;

  async start(overrides: Partial<XdsServerDependencies> = {}, options: XdsServerOptions = {}): Promise<this> {
    this.server = createXdsServer({
      store: this.store as unknown as XdsServerDependencies['store'],
      ca: this.ca,
      needsCell: { kind: 'needs', compute: () => undefined },
      proxyNeedsKey: ({ node, proxyId }) => tupleKey(node, proxyId),
      resourceCell: { kind: 'resource', compute: () => undefined },
      findProxy: (nodeName, proxyId) => this.#find(nodeName, proxyId),
      clock: this.clock,
      logger: this.#logger(),
      options,
      ...overrides,
    });
    this.port = (await this.server.listen('127.0.0.1', 0)).port;
    return this;
  }

  async stop(): Promise<void> {
    for (const envoy of this.envoys) envoy.disconnect();
    await this.server.close();
  }

  /** Sets what a proxy needs: names per type; the cell's key is `type/name` unless given. Told at the next flush. */
  needs(proxyId: string, names: Names, node = 'n1', spiffeId = `spiffe://test.consul/${proxyId}`): void {
    const service = proxyId.replace(/-sidecar-proxy$/, '');
    this.registered.set(tupleKey(node, proxyId), { node, proxyId });
    const resources = new Map(
      Object.entries(names).map(([type, list]) => [
        type as ResourceType,
        new Map(
          list.map((one) => (typeof one === 'string' ? [one, `${type}/${one}`] : [one[0], one[1]]) as [string, string]),
        ),
      ]),
    );
    const identity = { node, proxyId, service, datacenter: 'dc1', trustDomain: 'test.consul', spiffeId };
    const value: ProxyNeeds = { identity, resources, problems: [] };
    this.store.set('needs', tupleKey(node, proxyId), value);
  }

  unregister(proxyId: string, node = 'n1'): void {
    this.registered.delete(tupleKey(node, proxyId));
    this.store.set('needs', tupleKey(node, proxyId), undefined);
  }

  /** Sets the content of a resource cell. Told at the next flush. */
  resource(resource: EncodedResource, key = `${resource.type}/${resource.name}`): EncodedResource {
    this.store.set('resource', key, resource);
    return resource;
  }

  envoy(proxyId: string, options: Partial<FakeEnvoyOptions> = {}): FakeEnvoy {
    const envoy = new FakeEnvoy({
      port: this.port,
      ...options,
      node: { id: proxyId, cluster: proxyId, nodeName: 'n1', version: [1, 36, 2], ...options.node },
    });
    this.envoys.push(envoy);
    envoy.connect();
    return envoy;
  }

  #find(nodeName: string | undefined, proxyId: string): ProxyKey | AppError {
    const found = [...this.registered.values()].filter(
      (one) => one.proxyId === proxyId && (nodeName ?? one.node) === one.node,
    );
    if (found.length > 1) {
      return new AppError(
        'invalidArgument',
        `nodes ${found.map(({ node }) => node).join(', ')} have a proxy "${proxyId}"; set node_name`,
      );
    }
    return found[0] ?? new AppError('notFound', `no proxy "${proxyId}" on node "${nodeName ?? ''}"; register it`);
  }

  #logger(): XdsLogger {
    const at = (level: string) => (fields: object, message: string) => void this.logs.push({ level, fields, message });
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }
}

const typeName = (type: ResourceType): string => typeUrls[type].slice('type.googleapis.com/'.length);

function encoded(
  type: ResourceType,
  name: string,
  value: Buffer,
  references: EncodedResource['references'] = [],
): EncodedResource {
  const bytes = any(typeName(type), value);
  return { type, name, version: sha256Hex(bytes, 16), bytes, references, entries: [`service-defaults/${name}`] };
}

const sdsSecret = (name: string): Buffer => Buffer.concat([field(1, name), field(2, '')]);

const tlsSocket = (side: 'Upstream' | 'Downstream'): Buffer => {
  const common = Buffer.concat([field(6, sdsSecret('leaf')), field(7, sdsSecret('roots'))]);
  const context = any(`envoy.extensions.transport_sockets.tls.v3.${side}TlsContext`, field(1, common));
  return Buffer.concat([field(1, 'tls'), field(3, context)]);
};

const tlsReferences = [
  { type: 'secret', name: 'leaf' },
  { type: 'secret', name: 'roots' },
] as const;

/** An EDS cluster whose content varies with `note`. */
export function cluster(name: string, note = '', { tls = false } = {}): EncodedResource {
  const value = Buffer.concat([
    field(1, name),
    varintField(2, 3),
    field(3, field(2, name)),
    field(28, note),
    ...(tls ? [field(24, tlsSocket('Upstream'))] : []),
  ]);
  return encoded('cluster', name, value, [{ type: 'endpoint', name }, ...(tls ? tlsReferences : [])]);
}

/** A cluster with its own address: needs nothing. */
export function staticCluster(name: string, note = ''): EncodedResource {
  return encoded('cluster', name, Buffer.concat([field(1, name), field(28, note)]));
}

export function endpoints(name: string, note = ''): EncodedResource {
  return encoded('endpoint', name, Buffer.concat([field(1, name), field(2, note)]));
}

export function roots(note = ''): EncodedResource {
  return encoded('secret', 'roots', Buffer.concat([field(1, 'roots'), field(4, note)]));
}

export function route(name: string, note = ''): EncodedResource {
  return encoded('route', name, Buffer.concat([field(1, name), field(2, note)]));
}

export function extension(name: string, note = ''): EncodedResource {
  return encoded('extension', name, Buffer.concat([field(1, name), field(2, note)]));
}

/** A listener that makes an Envoy ask for a route, filters, secrets. */
export function listener(
  name: string,
  {
    routeName,
    filters = [],
    tls = false,
    note = '',
    epoch,
  }: { routeName?: string; filters?: readonly string[]; tls?: boolean; note?: string; epoch?: number } = {},
): EncodedResource {
  const rds = routeName === undefined ? [] : [field(3, field(2, routeName))];
  const manager = Buffer.concat([
    ...rds,
    ...filters.map((filter) => field(5, Buffer.concat([field(1, filter), field(5, 'x')]))),
  ]);
  const managerAny = any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', manager);
  const chain = Buffer.concat([
    field(3, Buffer.concat([field(1, 'http'), field(4, managerAny)])),
    ...(tls ? [field(6, tlsSocket('Downstream'))] : []),
    field(7, note),
  ]);
  const resource = encoded('listener', name, Buffer.concat([field(1, name), field(3, chain)]), [
    ...(routeName === undefined ? [] : [{ type: 'route', name: routeName } as const]),
    ...filters.map((filter) => ({ type: 'extension', name: filter }) as const),
    ...(tls ? tlsReferences : []),
  ]);
  return epoch === undefined ? resource : { ...resource, chainEpoch: epoch };
}
