import { systemClock } from '../../../../src/core/index.js';
import { proxyKey } from '../../../../src/mesh/proxy/index.js';
import type { Draft, ProxySettings, ServiceRecord, Upstream } from '../../../../src/model/index.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../../../src/state/index.js';
import { type EncodedResource, proxyNeedsCell, resourceCell } from '../../../../src/xds/resources/index.js';
import { ResourceCells, type ResourceUser } from '../../../../src/xds/server/resource-cells.js';

export interface MeshSize {
  readonly services: number;
  readonly proxies: number;
  readonly upstreams: number;
  /** How many of the services are called by the proxies, each having `endpoints` instances; the others have one. */
  readonly called: number;
  readonly endpoints: number;
}

const ROWS_PER_COMMIT = 2000;

const upstream = (destinationName: string, localBindPort: number): Upstream => ({
  destinationType: 'service',
  destinationName,
  destinationPeer: '',
  datacenter: '',
  localBindAddress: '',
  localBindPort,
  localBindSocketPath: '',
  localBindSocketMode: '',
  config: {},
  meshGateway: { mode: '' },
});

const settings = (destinationServiceName: string, upstreams: readonly Upstream[]): ProxySettings => ({
  destinationServiceName,
  destinationServiceId: destinationServiceName,
  localServiceAddress: '127.0.0.1',
  localServicePort: 8080,
  localServiceSocketPath: '',
  mode: '',
  mutualTlsMode: '',
  meshGateway: { mode: '' },
  expose: { checks: false, paths: [] },
  config: {},
  upstreams,
});

/** A sidecar instance of a service on a node. */
export const sidecar = (
  node: string,
  service: string,
  address: string,
  upstreams: readonly Upstream[] = [],
): Draft<ServiceRecord> => ({
  node,
  kind: 'connect-proxy',
  id: `${service}-sidecar-proxy`,
  service: `${service}-sidecar-proxy`,
  tags: [],
  address,
  port: 21_000,
  socketPath: '',
  taggedAddresses: {},
  meta: {},
  weights: { passing: 1, warning: 1 },
  enableTagOverride: false,
  proxy: settings(service, upstreams),
  connect: { native: false },
});

/** A watcher of one proxy: what a session of the xDS server would be told. */
export class Watcher {
  visits = 0;

  /** One place in a resource cell's list of users. */
  user(): ResourceUser {
    return { position: 0, sourceChanged: () => void this.visits++ };
  }
}

/** A store with a large mesh in it, and watchers of all its proxies. */
export class LargeMesh {
  readonly store: StateStore;
  readonly watchers: Watcher[] = [];
  /** Resources that were built and encoded. */
  encoded: EncodedResource[] = [];
  readonly cells: ResourceCells;

  private constructor(store: StateStore) {
    this.store = store;
    this.cells = new ResourceCells(store, {
      ...resourceCell,
      compute: (view, key) => {
        const made = resourceCell.compute(view, key);
        if (made) this.encoded.push(made);
        return made;
      },
    });
  }

  static async start(size: MeshSize): Promise<LargeMesh> {
    const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
    await store.ready;
    const mesh = new LargeMesh(store);
    await mesh.#fill(size);
    for (let position = 0; position < size.proxies; position++) mesh.#watch(proxyNode(position), `web-${position}`);
    mesh.encoded = [];
    return mesh;
  }

  async #fill(size: MeshSize): Promise<void> {
    await this.store.transact('start', (transaction) => {
      transaction.put('ca-config', {
        clusterId: '11111111-2222-3333-4444-555555555555',
        provider: 'consul',
        leafTtlMs: 1,
        rootTtlMs: 1,
      });
      transaction.put('system', { name: 'default-intention-policy', value: 'allow' });
      for (const node of nodes(size))
        transaction.put('nodes', {
          id: '',
          node,
          address: '10.0.0.1',
          datacenter: 'dc1',
          taggedAddresses: {},
          meta: {},
        });
    });
    const rows = [...instances(size)];
    for (let from = 0; from < rows.length; from += ROWS_PER_COMMIT)
      await this.store.transact('fill', (transaction) => {
        for (const row of rows.slice(from, from + ROWS_PER_COMMIT)) transaction.put('services', row);
      });
  }

  #watch(node: string, service: string): void {
    const watcher = new Watcher();
    this.watchers.push(watcher);
    this.store.subscribe(proxyNeedsCell, proxyKey({ node, proxyId: `${service}-sidecar-proxy` }), (needs) => {
      watcher.visits++;
      for (const names of needs?.resources.values() ?? [])
        for (const key of names.values()) this.cells.acquire(key, watcher.user());
    });
  }

  /** Runs a write and says what it made the store and the watchers do. */
  async cost(write: () => Promise<unknown>): Promise<{ computed: number; encoded: string[]; visited: number }> {
    const computed = this.store.counters.cellsComputed;
    const before = this.watchers.map(({ visits }) => visits);
    this.encoded = [];
    await write();
    await new Promise((resolve) => setImmediate(resolve));
    return {
      computed: this.store.counters.cellsComputed - computed,
      encoded: this.encoded.map(({ type, name }) => `${type} ${name}`),
      visited: this.watchers.filter(({ visits }, position) => visits > (before[position] ?? 0)).length,
    };
  }
}

export const proxyNode = (position: number): string => `edge-${position}`;
export const endpointNode = (position: number): string => `node-${position}`;

function* nodes(size: MeshSize): Generator<string> {
  for (let position = 0; position < size.proxies; position++) yield proxyNode(position);
  for (let position = 0; position < Math.max(size.endpoints, 1); position++) yield endpointNode(position);
}

function* instances(size: MeshSize): Generator<Draft<ServiceRecord>> {
  for (let service = 0; service < size.services; service++)
    for (let endpoint = 0; endpoint < (service < size.called ? size.endpoints : 1); endpoint++)
      yield sidecar(endpointNode(endpoint), `svc-${service}`, `10.${service >> 8}.${service & 255}.${endpoint + 1}`);
  for (let proxy = 0; proxy < size.proxies; proxy++)
    yield sidecar(
      proxyNode(proxy),
      `web-${proxy}`,
      '10.255.0.1',
      Array.from({ length: size.upstreams }, (_unused, position) =>
        upstream(`svc-${(proxy * size.upstreams + position) % size.called}`, 10_000 + position),
      ),
    );
}
