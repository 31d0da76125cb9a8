import type { App } from './apps.js';
import { startHttpApp, startTcpApp } from './apps.js';
import { ControlPlane, type ControlPlaneOptions } from './control-plane.js';
import { NEWEST_ENVOY } from './envoy-binary.js';
import { freePort } from '../free-ports.mjs';
import { httpCall } from './http-call.js';
import { Rig } from './rig.js';
import { connectEnvoy, DRAIN_TIME_S, type RunningEnvoy, type SidecarOptions } from './running-envoy.js';
import { until } from './until.js';

export interface ServiceSpec {
  readonly id: string;
  /** Default: the id. */
  readonly name?: string;
  /** Default: http. */
  readonly protocol?: 'http' | 'tcp';
  readonly meta?: Readonly<Record<string, string>>;
  /** Names of the services it calls. */
  readonly calls?: readonly string[];
  /** More of the registration. */
  readonly registration?: Readonly<Record<string, unknown>>;
  /** Whether an Envoy is started beside it; default yes. */
  readonly sidecar?: boolean;
}

export interface MeshOptions extends ControlPlaneOptions {
  /** Version of the Envoys. */
  readonly envoy?: string;
  /** Their drain time. Default: the one of `meshwright dev`. */
  readonly drainTimeS?: number;
  /** More flags for `connect envoy`; after `--` they are Envoy's. */
  readonly envoyFlags?: readonly string[];
  readonly services: readonly ServiceSpec[];
}

interface Member {
  readonly spec: ServiceSpec;
  readonly app: App;
  readonly sidecarPort: number;
  readonly upstreamPorts: ReadonlyMap<string, number>;
}

/** A control plane, services with an app each, and a real Envoy beside every one. */
export class Mesh {
  readonly #members = new Map<string, Member>();
  readonly #envoys = new Map<string, RunningEnvoy>();

  private constructor(
    readonly rig: Rig,
    readonly plane: ControlPlane,
    private readonly envoys: SidecarOptions,
  ) {}

  /** Resolves when every Envoy serves and has accepted its configuration. */
  static async start({ services, envoy, drainTimeS, envoyFlags = [], ...options }: MeshOptions): Promise<Mesh> {
    const rig = new Rig();
    try {
      const mesh = new Mesh(rig, await ControlPlane.start(rig, options), {
        version: envoy ?? NEWEST_ENVOY,
        drainTimeS: drainTimeS ?? DRAIN_TIME_S,
        flags: envoyFlags,
      });
      await mesh.add(...services);
      return mesh;
    } catch (thrown) {
      await rig.close();
      throw thrown;
    }
  }

  /** Registers services and starts their apps and Envoys. */
  async add(...specs: readonly ServiceSpec[]): Promise<void> {
    for (const spec of specs) {
      const { id, name = id, protocol = 'http', calls = [] } = spec;
      const app = await (protocol === 'http' ? startHttpApp(this.rig, id) : startTcpApp(this.rig, id));
      const ports = new Map<string, number>();
      for (const called of calls) ports.set(called, await freePort());
      this.#members.set(id, { spec, app, sidecarPort: await freePort(), upstreamPorts: ports });
      if (protocol !== 'tcp') await this.plane.configure({ Kind: 'service-defaults', Name: name, Protocol: protocol });
    }
    for (const { id } of specs) await this.register(id);
    await Promise.all(
      specs
        .filter(({ sidecar = true }) => sidecar)
        .map(async ({ id }) => {
          const envoy = await connectEnvoy(this.plane, id, this.envoys);
          this.keepEnvoy(id, envoy);
          await envoy.ready();
        }),
    );
    if (this.#envoys.size > 0) await this.plane.settled(...this.#envoys.keys());
  }

  /** Registers the service with its sidecar, again after a change. */
  async register(id: string): Promise<void> {
    const { spec, app, sidecarPort, upstreamPorts } = this.#member(id);
    const upstreams = [...upstreamPorts].map(([DestinationName, LocalBindPort]) => ({
      DestinationName,
      LocalBindPort,
    }));
    await this.plane.put('/v1/agent/service/register', {
      ID: id,
      Name: spec.name ?? id,
      Port: app.port,
      Meta: spec.meta ?? {},
      ...spec.registration,
      // Healthy as its service is: the checks of an agent's own making start only after some seconds.
      Connect: {
        SidecarService: { Port: sidecarPort, Checks: [{ AliasService: id }], Proxy: { Upstreams: upstreams } },
      },
    });
  }

  /** Remembers an Envoy that was started otherwise than by `add`. */
  keepEnvoy(id: string, envoy: RunningEnvoy): void {
    this.#envoys.set(id, envoy);
  }

  envoy(id: string): RunningEnvoy {
    const envoy = this.#envoys.get(id);
    if (envoy === undefined) throw new Error(`no Envoy was started for ${id}`);
    return envoy;
  }

  app(id: string): App {
    return this.#member(id).app;
  }

  /** Where the sidecar listens for other sidecars. */
  sidecarPort(id: string): number {
    return this.#member(id).sidecarPort;
  }

  /** Where `id` reaches an upstream: a port of its own Envoy. */
  port(id: string, upstream: string): number {
    const port = this.#member(id).upstreamPorts.get(upstream);
    if (port === undefined) throw new Error(`${id} does not call ${upstream}`);
    return port;
  }

  /** Waits for the first request that goes through. */
  async reaches(id: string, upstream: string): Promise<void> {
    const port = this.port(id, upstream);
    await until(`an answer from ${upstream} to ${id}`, async () => (await httpCall({ port })).status === 200);
  }

  /** Ends everything. Throws when the control plane logged a fault of its own: nothing a test does may cause one. */
  async close(): Promise<void> {
    await this.rig.close();
    const { faults } = this.plane;
    if (faults.length > 0) throw new Error(`the control plane logged:\n${faults.join('\n')}`);
  }

  #member(id: string): Member {
    const member = this.#members.get(id);
    if (member === undefined) throw new Error(`there is no service ${id}`);
    return member;
  }
}
