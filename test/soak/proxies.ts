import { until } from '../support/envoy-rig/index.js';
import { FakeEnvoy } from '../support/fake-envoy/index.js';
import { type Machine, PORTS } from './machine.js';

const CONVERGE_MS = 20_000;
const RECONNECT_MS = 200;

interface Connected {
  readonly envoy: FakeEnvoy;
  at: number;
}

/** Sidecars of `web` that call `api`, spread over the servers; one whose stream ends goes to the next server, with what it has. */
export class Proxies {
  readonly #machines: readonly Machine[];
  readonly #proxies: readonly Connected[];
  #closed = false;

  constructor(machines: readonly Machine[], count: number) {
    this.#machines = machines;
    this.#proxies = Array.from({ length: count }, (_, at) => ({ at, envoy: this.#envoyAt(at) }));
    for (const proxy of this.#proxies) this.#keepConnected(proxy);
  }

  /** Registers what the proxies are, in the catalog. */
  static async register(machine: Machine, count: number): Promise<void> {
    const put = async (path: string, body: object): Promise<void> => {
      const { status, text } = await machine.call('PUT', path, JSON.stringify(body));
      if (status !== 200) throw new Error(`PUT ${path}: ${status} ${text}`);
    };
    const Upstreams = [{ DestinationName: 'api', LocalBindPort: 9191 }];
    for (let at = 0; at < count; at += 1) {
      const Proxy = {
        DestinationServiceName: 'web',
        DestinationServiceID: `web${at}`,
        LocalServicePort: 80,
        Upstreams,
      };
      const Service = {
        Kind: 'connect-proxy',
        ID: `web${at}-proxy`,
        Service: 'web-sidecar-proxy',
        Port: 20_000,
        Proxy,
      };
      await put('/v1/catalog/register', { Node: `vm${at}`, Address: `10.79.0.${at + 1}`, Service });
    }
    const Service = { Kind: 'connect-proxy', ID: 'api-proxy', Service: 'api-sidecar-proxy', Port: 20_000 };
    const Proxy = { DestinationServiceName: 'api', DestinationServiceID: 'api' };
    await put('/v1/catalog/register', { Node: 'vm-api', Address: '10.79.1.1', Service: { ...Service, Proxy } });
  }

  /** A change that is made now at one server has come to every proxy, and all hold the same. Throws when it does not come about. */
  async converge(writer: Machine, connectTimeout: string): Promise<void> {
    const before = this.#clusterVersions();
    const entry = { Kind: 'service-resolver', Name: 'api', ConnectTimeout: connectTimeout };
    const { status, text } = await writer.call('PUT', '/v1/config', JSON.stringify(entry));
    if (status !== 200) throw new Error(`PUT /v1/config at ${writer.name}: ${status} ${text}`);
    await until(
      'all proxies being told of the change',
      () => {
        const behind = this.#proxies.filter((_, at) => this.#clusterVersion(at) === before[at]);
        if (behind.length === 0 && new Set(this.#clusterVersions()).size === 1) return true;
        throw new Error(
          behind.map(({ envoy, at }) => `at ${at}: ${envoy.complete} ${envoy.ended?.details}`).join('; '),
        );
      },
      CONVERGE_MS,
    );
  }

  /** All proxies have a whole configuration. */
  ready(): Promise<boolean> {
    return until('all proxies being configured', () => this.#proxies.every(({ envoy }) => envoy.complete), CONVERGE_MS);
  }

  close(): void {
    this.#closed = true;
    for (const { envoy } of this.#proxies) envoy.disconnect();
  }

  #clusterVersions(): readonly string[] {
    return this.#proxies.map((_, at) => this.#clusterVersion(at));
  }

  #clusterVersion(at: number): string {
    const held = Object.entries(this.#proxies[at]?.envoy.versions('cluster') ?? {});
    return held.find(([name]) => name.startsWith('api.'))?.[1] ?? '';
  }

  #envoyAt(at: number): FakeEnvoy {
    const node = { id: `web${at}-proxy`, cluster: 'web', nodeName: `vm${at}`, version: [1, 40, 0] as const };
    const next = (): Machine => this.#machines[(this.#proxies?.[at]?.at ?? at) % this.#machines.length] as Machine;
    return new FakeEnvoy({
      node,
      get host() {
        return next().host.clientAddress;
      },
      port: PORTS.grpc,
      quiet: true,
    });
  }

  /** As Envoy's keep-alive does: a stream that ends, or a server that says nothing any more, is left for the next server. */
  #keepConnected(proxy: Connected): void {
    proxy.envoy.connect();
    const watch = setInterval(() => {
      if (this.#closed) clearInterval(watch);
      else if (proxy.envoy.ended !== undefined) {
        proxy.at += 1;
        proxy.envoy.connect();
      }
    }, RECONNECT_MS);
  }
}
