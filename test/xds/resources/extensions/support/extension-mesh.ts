import { configEntryHash, decodeConfigEntry } from '../../../../../src/model/index.js';
import { ScenarioMesh } from '../../support/scenario-mesh.js';

type Body = Readonly<Record<string, unknown>>;
// oxlint-disable-next-line typescript/no-explicit-any -- decoded messages are looked at by path
export type Decoded = any;

export interface ShownFilter {
  readonly name: string;
  readonly typed_config?: Decoded;
}

const DOMAIN = '11111111-2222-3333-4444-555555555555.consul';

/** A mesh with a sidecar of `front` (http) that calls `orders` (http) and `stock` (tcp), looked at as a client would see it. */
export class ExtensionMesh {
  readonly scenario: ScenarioMesh;

  private constructor(scenario: ScenarioMesh) {
    this.scenario = scenario;
  }

  static async start(): Promise<ExtensionMesh> {
    const mesh = new ExtensionMesh(await ScenarioMesh.start());
    for (const [position, name] of ['orders', 'stock'].entries()) await mesh.#catalogSidecar(name, position);
    await mesh.serviceDefaults('orders', [], { Protocol: 'http' });
    await mesh.serviceDefaults('front', []);
    await mesh.front();
    return mesh;
  }

  stop(): Promise<void> {
    return this.scenario.stop();
  }

  async front(more: Body = {}): Promise<void> {
    await this.scenario.step({
      service: {
        Kind: 'connect-proxy',
        ID: 'front-proxy',
        Name: 'front-proxy',
        Address: '10.1.0.5',
        Port: 21_000,
        Proxy: {
          DestinationServiceName: 'front',
          LocalServicePort: 8080,
          Upstreams: [
            { DestinationName: 'orders', LocalBindPort: 9191 },
            { DestinationName: 'stock', LocalBindPort: 9292 },
          ],
          ...more,
        },
      },
    });
  }

  async #catalogSidecar(name: string, position: number): Promise<void> {
    await this.scenario.step({
      catalog: {
        Node: 'node-a',
        Address: '10.10.1.1',
        Service: {
          Kind: 'connect-proxy',
          ID: `${name}-proxy`,
          Service: `${name}-proxy`,
          Port: 21_010 + position,
          Proxy: { DestinationServiceName: name },
        },
      },
    });
  }

  /** Writes the entry; `Protocol` is http for `front` unless told otherwise. */
  serviceDefaults(name: string, extensions: readonly Body[], more: Body = {}): Promise<void> {
    const protocol = name === 'front' ? { Protocol: 'http' } : {};
    const entry = { Kind: 'service-defaults', Name: name, ...protocol, EnvoyExtensions: extensions, ...more };
    return this.scenario.step({ config: entry });
  }

  proxyDefaults(extensions: readonly Body[]): Promise<void> {
    return this.scenario.step({ config: { Kind: 'proxy-defaults', Name: 'global', EnvoyExtensions: extensions } });
  }

  /** Stores an entry that would be refused: what another version may have stored. */
  async force(body: Body): Promise<void> {
    await this.scenario.store.transact('force', (transaction) => {
      const entry = decodeConfigEntry(body);
      transaction.put('config-entries', { entry, hash: configEntryHash(entry) });
    });
  }

  needs() {
    return this.scenario.needs('front-proxy');
  }

  problems(): readonly string[] {
    return [...this.needs().problems, ...this.scenario.tell('front-proxy').problems];
  }

  cluster(service: string): Decoded {
    const { clusters } = this.scenario.tell('front-proxy').resources;
    return clusters[service] ?? clusters[clusterName(service)];
  }

  publicListener(): readonly ShownFilter[] {
    return filtersOf(this.listener('public_listener:10.1.0.5:21000'));
  }

  upstreamListener(service: string): readonly ShownFilter[] {
    const name = Object.keys(this.scenario.tell('front-proxy').resources.listeners).find((one) =>
      one.startsWith(`${service}:`),
    );
    return filtersOf(this.listener(name ?? ''));
  }

  listener(name: string): Decoded {
    return this.scenario.tell('front-proxy').resources.listeners[name];
  }
}

export const clusterName = (service: string): string => `${service}.default.dc1.internal.${DOMAIN}`;

/** The HTTP filters of a listener, or its network filters when it has no connection manager. */
function filtersOf(listener: Decoded): readonly ShownFilter[] {
  const filters = listener.filter_chains[0].filters as readonly ShownFilter[];
  const manager = filters.find(({ name }) => name === 'envoy.filters.network.http_connection_manager');
  return manager ? manager.typed_config.http_filters : filters;
}

export const filterNames = (filters: readonly ShownFilter[]): readonly string[] => filters.map(({ name }) => name);

export const luaExtension = (Listener: string, Script = 'function envoy_on_request(handle) end'): Body => ({
  Name: 'builtin/lua',
  Arguments: { ProxyType: 'connect-proxy', Listener, Script },
});
