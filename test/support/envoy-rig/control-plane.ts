import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-ports.mjs';
import { type HttpAnswer, httpCall } from './http-call.js';
import type { ProxyReport } from './proxy-report.js';
import type { Rig } from './rig.js';
import type { RigProcess } from './rig-process.js';
import { until } from './until.js';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

export interface ControlPlaneOptions {
  /** `agent -server -data-dir`, in the rig's folder; otherwise `agent -dev`. */
  readonly durable?: boolean;
  /** What stands in its configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More flags for `agent`. */
  readonly flags?: readonly string[];
}

export interface ControlPlanePorts {
  readonly http: number;
  readonly grpc: number;
  readonly grpcTls: number;
}

/** The built control plane as a process of its own, on ports of its own. */
export class ControlPlane {
  readonly nodeName = 'node1';
  readonly dataDir: string;
  readonly #processes: RigProcess[] = [];

  private constructor(
    readonly rig: Rig,
    readonly ports: ControlPlanePorts,
    private readonly options: ControlPlaneOptions,
  ) {
    this.dataDir = join(rig.folder, 'data');
  }

  static async start(rig: Rig, options: ControlPlaneOptions = {}): Promise<ControlPlane> {
    if (!existsSync(MAIN)) throw new Error('there is no dist/main.js: run `npm run build` first');
    const ports = { http: await freePort(), grpc: await freePort(), grpcTls: await freePort() };
    const plane = new ControlPlane(rig, ports, options);
    await plane.start();
    return plane;
  }

  get process(): RigProcess {
    const newest = this.#processes.at(-1);
    if (newest === undefined) throw new Error('the control plane was never started');
    return newest;
  }

  /** Lines of its log that tell of a fault, over all its starts. */
  get faults(): readonly string[] {
    return this.#processes.flatMap(({ log }) => log.split('\n').filter((line) => / \[(?:ERROR|FATAL)\] /.test(line)));
  }

  /** Starts it, again on the same ports and data. `config` replaces what its configuration file said. */
  async start(config: Readonly<Record<string, unknown>> = this.options.config ?? {}): Promise<void> {
    const file = join(this.rig.folder, 'agent.json');
    writeFileSync(file, JSON.stringify({ log_level: 'debug', telemetry: { disable_hostname: true }, ...config }));
    const mode = this.options.durable ? ['-server', '-data-dir', this.dataDir] : ['-dev'];
    const { http, grpc, grpcTls } = this.ports;
    const ports = ['-http-port', http, '-grpc-port', grpc, '-grpc-tls-port', grpcTls, '-dns-port', -1].map(String);
    const args = ['agent', ...mode, '-node', this.nodeName, ...ports, '-config-file', file];
    const started = this.rig.start('the control plane', process.execPath, [
      MAIN,
      ...args,
      ...(this.options.flags ?? []),
    ]);
    this.#processes.push(started);
    await until('the control plane serving', async () => {
      started.assertRunning();
      const isOpen = await Promise.all([http, grpc, grpcTls].map(accepts));
      return isOpen.every(Boolean) && (await this.call('GET', '/v1/status/leader')).text.length > 2;
    });
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.process.kill();
  }

  /** The command line of the same build, as a process of its own that is pointed at this control plane. */
  command(name: string, args: readonly string[]): RigProcess {
    return this.rig.start(name, process.execPath, [MAIN, ...args], {
      CONSUL_HTTP_ADDR: `127.0.0.1:${this.ports.http}`,
    });
  }

  call(method: string, path: string, body?: unknown): Promise<HttpAnswer> {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    return httpCall({ port: this.ports.http, method, path, ...sent });
  }

  /** A call that must be answered with 200; the body, parsed. */
  async ask<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await this.call(method, path, body);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return (answer.text === '' ? undefined : JSON.parse(answer.text)) as Body;
  }

  get<Body>(path: string): Promise<Body> {
    return this.ask<Body>('GET', path);
  }

  put<Body>(path: string, body?: unknown): Promise<Body> {
    return this.ask<Body>('PUT', path, body);
  }

  /** Writes a config entry. */
  async configure(entry: Readonly<Record<string, unknown>>): Promise<void> {
    await this.put('/v1/config', entry);
  }

  async removeConfig(kind: string, name: string): Promise<void> {
    await this.ask('DELETE', `/v1/config/${kind}/${name}`);
  }

  proxies(): Promise<readonly ProxyReport[]> {
    return this.get('/v1/mesh/proxies');
  }

  proxy(id: string): Promise<ProxyReport> {
    return this.get(`/v1/mesh/proxies/${this.nodeName}/${id}`);
  }

  /** Waits until these proxies (by service id; default: all that are connected) have accepted everything that is due. */
  settled(...serviceIds: readonly string[]): Promise<void> {
    const wanted = new Set(serviceIds.map((id) => `${id}-sidecar-proxy`));
    return until(`acceptance by ${serviceIds.join(', ') || 'all proxies'}`, async () => {
      const proxies = (await this.proxies()).filter((one) => wanted.size === 0 || wanted.has(one.ProxyID));
      const isSettled =
        proxies.length >= Math.max(1, wanted.size) && proxies.every((one) => one.Connected && !one.Pending);
      return isSettled || undefined;
    }).then(
      () => undefined,
      async (thrown: Error) => {
        throw new Error(`${thrown.message}\n${await this.#unsettled()}\n${this.rig.died}`);
      },
    );
  }

  /** The proxies that have not accepted everything, and what of it. */
  async #unsettled(): Promise<string> {
    const waiting = (await this.proxies()).filter((one) => !one.Connected || one.Pending);
    const lines = waiting.map(async ({ ProxyID, Connected }) => {
      const { Resources = [], Problems = [] } = await this.proxy(ProxyID);
      const late = Resources.filter(({ Progress }) => Progress !== 'current').map(
        ({ Type, Name, Progress }) => `  ${Progress} ${Type} ${Name}`,
      );
      return [`${ProxyID} ${Connected ? 'connected' : 'not connected'}`, ...late, ...Problems].join('\n');
    });
    return (await Promise.all(lines)).join('\n');
  }

  /** A number of `/v1/agent/metrics`, e.g. `meshwright.xds.bytes_sent`. */
  async gauge(name: string): Promise<number> {
    const { Gauges } = await this.get<{ Gauges: readonly { Name: string; Value: number }[] }>('/v1/agent/metrics');
    const found = Gauges.find((gauge) => gauge.Name === name);
    if (found === undefined) throw new Error(`there is no gauge ${name}`);
    return found.Value;
  }
}

/** Whether something listens there. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
