import { systemClock } from '../../../../src/core/index.js';
import {
  proxyNeedsCell,
  proxyNeedsKey,
  proxylessResourceKey,
  resourceCell,
} from '../../../../src/xds/resources/index.js';
import { type XdsServer, createXdsServer } from '../../../../src/xds/server/index.js';
import { freePort, type RunningEnvoy, startForeignEnvoy, until } from '../../../support/envoy-rig/index.js';
import type { Rig } from '../../../support/envoy-rig/rig.js';
import type { ScenarioMesh } from './scenario-mesh.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const NODE = 'node-one';

/** One real Envoy that follows one mesh after the other, told by our own xDS server over one port. */
export class LiveEnvoy {
  #xds: XdsServer | undefined;
  #mesh: ScenarioMesh | undefined;

  private constructor(
    private readonly port: number,
    private readonly proxyId: string,
    readonly envoy: RunningEnvoy,
  ) {}

  /** It is LIVE once it has followed the first mesh. */
  static async start(rig: Rig, version: string, proxyId: string): Promise<LiveEnvoy> {
    const port = await freePort();
    const envoy = await startForeignEnvoy(
      rig,
      `${proxyId} ${version}`,
      version,
      (adminPort) => bootstrap(proxyId, port, adminPort),
      ['--concurrency', '1', '-l', 'warning', '--drain-time-s', '1', '--drain-strategy', 'immediate'],
    );
    return new LiveEnvoy(port, proxyId, envoy);
  }

  /** Tells it another mesh from now on: what it holds of the one before goes. */
  async follow(mesh: ScenarioMesh): Promise<void> {
    await this.close();
    this.#mesh = mesh;
    this.#xds = createXdsServer({
      store: mesh.store,
      ca: mesh.ca,
      needsCell: proxyNeedsCell,
      proxyNeedsKey,
      resourceCell,
      findProxy: (_node, proxyId) => ({ node: NODE, proxyId }),
      onDemand: (identity, _client, type, name) => proxylessResourceKey(mesh.store.view, identity, type, name),
      clock: systemClock,
      logger: quiet,
      options: { unknownProxyWaitMs: 60_000 },
    });
    await this.#xds.listen('127.0.0.1', this.port);
  }

  /** Waits until it has answered all that is due now, and uses it; what it refused. */
  async problems(): Promise<readonly string[]> {
    const xds = this.#xds;
    const index = this.#mesh?.store.index ?? 0;
    if (xds === undefined) throw new Error('it follows no mesh');
    const report = await until(`acceptance of revision ${index} by ${this.proxyId}`, () => {
      this.envoy.process.assertRunning();
      const detail = xds.propagation.get(NODE, this.proxyId);
      return detail?.connected && !detail.pending && detail.acceptedIndex >= index && detail;
    });
    await until(`${this.proxyId} having warmed up`, async () => {
      this.envoy.process.assertRunning();
      const stats = await this.envoy.stats('warming');
      return [...stats.values()].every((count) => count === 0);
    });
    return report.resources
      .filter(({ progress }) => progress !== 'current')
      .map(({ type, name, progress, refusal }) => `${type} ${name}: ${progress} ${refusal?.error ?? ''}`);
  }

  async close(): Promise<void> {
    const xds = this.#xds;
    this.#xds = undefined;
    await xds?.close();
  }
}

function bootstrap(proxyId: string, xdsPort: number, adminPort: number): object {
  const address = (port_value: number) => ({ socket_address: { address: '127.0.0.1', port_value } });
  const source = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
  const retry_policy = { retry_back_off: { base_interval: '0.02s', max_interval: '0.2s' } };
  return {
    admin: { address: address(adminPort) },
    node: { cluster: 'live', id: proxyId },
    layered_runtime: {
      layers: [{ name: 'base', static_layer: { 're2.max_program_size.error_level': 1_048_576 } }],
    },
    static_resources: {
      clusters: [
        {
          name: 'control_plane',
          connect_timeout: '1s',
          type: 'STATIC',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'control_plane',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(xdsPort) } }] }],
          },
        },
      ],
    },
    dynamic_resources: {
      lds_config: source,
      cds_config: source,
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'control_plane', retry_policy } }],
      },
    },
  };
}
