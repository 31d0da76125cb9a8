import { systemClock } from '../../../../src/core/index.js';
import { proxyKey } from '../../../../src/mesh/proxy/index.js';
import {
  type Draft,
  type ProxySettings,
  type ServiceRecord,
  type Upstream,
  configEntryHash,
  decodeConfigEntry,
} from '../../../../src/model/index.js';
import type { ProxyMode } from '../../../../src/model/records/proxy.js';
import {
  type StateStore,
  type Transaction,
  createMemoryBackend,
  createStateStore,
} from '../../../../src/state/index.js';
import { type EncodedResource, proxyNeedsCell, resourceCell } from '../../../../src/xds/resources/index.js';
import { ResourceCells, type ResourceUser } from '../../../../src/xds/server/resource-cells.js';

export interface MeshSize {
  readonly services: number;
  readonly proxies: number;
  readonly upstreams: number;
  /** How many of the services are called by the proxies, each having `endpoints` instances; the others have one. */
  readonly called: number;
  readonly endpoints: number;
  /** Proxies have no upstreams of their own: intentions allow them the same services, everything else is denied. */
  readonly transparent?: boolean;
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

const settings = (destinationServiceName: string, upstreams: readonly Upstream[], mode: ProxyMode): ProxySettings => ({
  destinationServiceName,
  destinationServiceId: destinationServiceName,
  localServiceAddress: '127.0.0.1',
  localServicePort: 8080,
  localServiceSocketPath: '',
  mode,
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
  mode: ProxyMode = '',
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
  proxy: settings(service, upstreams, mode),
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

const listeners = new Set<(made: EncodedResource) => void>();

/** Resources with extensions are made from other resources: the cell itself tells, wherever it is asked. */
const { compute } = resourceCell;
Object.assign(resourceCell, {
  compute: ((view, key) => {
    const made = compute(view, key);
    if (made) for (const tell of listeners) tell(made);
    return made;
  }) satisfies typeof compute,
});

/** A store with a large mesh in it, and watchers of all its proxies. */
export class LargeMesh {
  readonly store: StateStore;
  readonly watchers: Watcher[] = [];
  /** Resources that were built and encoded. */
  encoded: EncodedResource[] = [];
  readonly cells: ResourceCells;

  private constructor(store: StateStore) {
    this.store = store;
    this.cells = new ResourceCells(store, resourceCell);
    listeners.add((made) => this.encoded.push(made));
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
      transaction.put('system', { name: 'default-intention-policy', value: size.transparent ? 'deny' : 'allow' });
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
    if (size.transparent) await this.store.transact('intend', (transaction) => intend(transaction, size));
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
      size.transparent ? [] : calledBy(proxy, size).map((name, position) => upstream(name, 10_000 + position)),
      size.transparent ? 'transparent' : '',
    );
}

const calledBy = (proxy: number, { upstreams, called }: MeshSize): readonly string[] =>
  Array.from({ length: upstreams }, (_unused, position) => `svc-${(proxy * upstreams + position) % called}`);

/** Virtual IPs for all services, and intentions that let each proxy call its own. */
function intend(transaction: Transaction, size: MeshSize): void {
  const callers = new Map<string, string[]>();
  for (let proxy = 0; proxy < size.proxies; proxy++)
    for (const name of calledBy(proxy, size)) callers.set(name, [...(callers.get(name) ?? []), `web-${proxy}`]);
  for (let service = 0; service < size.services; service++)
    transaction.put('virtual-ips', {
      service: `svc-${service}`,
      ip: `240.0.${service >> 8}.${service & 255}`,
      manualIps: [],
    });
  for (const [name, sources] of callers) putIntentions(transaction, name, sources);
}

/** An entry that lets these callers, and nobody else, call a service. */
export function putIntentions(transaction: Transaction, name: string, callers: readonly string[]): void {
  const entry = decodeConfigEntry({
    Kind: 'service-intentions',
    Name: name,
    Sources: callers.map((caller) => ({ Name: caller, Action: 'allow' })),
  });
  transaction.put('config-entries', { entry, hash: configEntryHash(entry) });
}
