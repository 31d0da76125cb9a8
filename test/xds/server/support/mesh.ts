import { AppError, tupleKey } from '../../../../src/core/index.js';
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
      store: this.store,
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
        new Map(list.map((one) => (typeof one === 'string' ? [one, `${type}/${one}`] : [one[0], one[1]]))),
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
