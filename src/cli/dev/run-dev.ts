import { createPalette } from '../palette.js';
import { locateEnvoy } from '../envoy/index.js';
import type { CliIo } from '../io.js';
import { messageOf } from '../failure.js';
import type { AgentClient } from '../http/agent-client.js';
import { type Announcer, jsonAnnouncer, textAnnouncer } from './announce.js';
import { devAgent, registerDemo, startControlPlane } from './control-plane.js';
import { type DemoInstance, demoMesh, type DevPorts } from './demo-mesh.js';
import { EdgeBook } from './edge-book.js';
import { hints } from './hints.js';
import { type Household, openHousehold } from './household.js';
import { portProblem, wantedPorts } from './ports.js';
import { startEnvoys, startServices } from './start-mesh.js';
import { listenForStop, type StopSignal } from './stop-signal.js';
import { createTraffic, type Traffic } from './traffic.js';
import { until } from './until.js';
import { watchControlPlane } from './watch-control-plane.js';

export interface DevOptions {
  readonly ports: DevPorts;
  /** Ends by itself after this time; undefined: runs until it is stopped. */
  readonly durationMs: number | undefined;
  readonly json: boolean;
  /** Requests per second; 0 = none but those that show that the mesh is up. */
  readonly ratePerSecond: number;
  readonly envoyVersion: string | undefined;
  /** How this program is called, for the hints. */
  readonly programName: string;
  /** Whether the command line reaches this control plane without being told where it is. */
  readonly isFoundByDefault: boolean;
}

const FIRST_REQUEST_LIMIT_MS = 60_000;
const SHOW_EVERY_MS = { terminal: 500, plain: 10_000, json: 1000 } as const;

/** Runs the demo mesh until it is stopped. Resolves to the exit code, when everything is gone again. */
export async function runDev(options: DevOptions, io: CliIo): Promise<number> {
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  const mesh = demoMesh(options.ports);
  const problem = await portProblem(wantedPorts(options.ports, mesh));
  if (problem !== undefined) {
    io.err(`${problem}\n`);
    return 1;
  }
  const announcer = options.json
    ? jsonAnnouncer(io, elapsedMs)
    : textAnnouncer(io, elapsedMs, createPalette(io.interactive && !io.env['NO_COLOR']));
  const house = openHousehold();
  const stop = listenForStop(() => {
    house.endNow();
    process.exit(130);
  });
  const run = new DevRun(options, io, mesh, house, stop, announcer, elapsedMs);
  const end = options.durationMs === undefined ? undefined : setTimeout(() => run.timeIsUp(), options.durationMs);
  try {
    await run.start();
    await run.untilStopped();
    await run.end();
    return 0;
  } catch (thrown) {
    await run.end();
    const failure = run.failure ?? (stop.signal.aborted ? undefined : messageOf(thrown));
    if (failure === undefined) return 0;
    io.err(`Error: ${failure}\n`);
    return 1;
  } finally {
    clearTimeout(end);
    stop.release();
  }
}

class DevRun {
  /** Why it ended, when that is nobody's wish. */
  failure: string | undefined;
  private isUp = false;
  private reason = 'Stopped.';
  private readonly book = new EdgeBook();
  private readonly agent: AgentClient;
  private readonly traffic: Traffic;
  private readonly over = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: DevOptions,
    private readonly io: CliIo,
    private readonly mesh: readonly DemoInstance[],
    private readonly house: Household,
    private readonly stop: StopSignal,
    private readonly announcer: Announcer,
    private readonly elapsedMs: () => number,
  ) {
    this.agent = devAgent(options.ports);
    this.traffic = createTraffic(mesh[0]?.port ?? 0);
  }

  /** The wanted duration is over. */
  timeIsUp(): void {
    if (this.isUp) this.reason = 'The time is up.';
    else this.failure ??= 'the time was up before the first request came through the mesh';
    this.stop.stop();
  }

  async start(): Promise<void> {
    const { signal } = this.stop;
    const onEnd = (name: string, how: string) => this.announcer.event({ what: `${name} ended (${how})`, index: 0 });
    const [binary] = await Promise.all([
      this.findEnvoy(),
      this.startControlPlane(),
      startServices(this.house, this.mesh, onEnd),
    ]);
    signal.throwIfAborted();
    await registerDemo(this.agent, this.mesh);
    signal.throwIfAborted();
    await startEnvoys(this.house, this.mesh, this.options.ports, this.agent, binary, onEnd);
    this.announcer.step(`${this.mesh.length} services registered, an Envoy beside each`);
    await this.firstRequest();
  }

  private async findEnvoy(): Promise<string> {
    const { fetchReporter } = await import('../envoy/fetch-reporter.js');
    const found = await locateEnvoy({
      env: this.io.env,
      version: this.options.envoyVersion,
      signal: this.stop.signal,
      onProgress: fetchReporter(this.io),
    });
    const from = { ENVOY_BIN: 'from ENVOY_BIN', PATH: 'from the PATH', cache: 'from the cache', fetched: 'fetched' }[
      found.from
    ];
    this.announcer.step(`Envoy ${found.version} (${from})`);
    return found.path;
  }

  private async startControlPlane(): Promise<void> {
    await startControlPlane(this.house, this.options.ports, this.agent, this.stop.signal, (how) =>
      this.fail(`the control plane ended (${how})`),
    );
    this.announcer.step(
      `control plane on http://127.0.0.1:${this.options.ports.http}, xDS on port ${this.options.ports.grpc}`,
    );
  }

  /** Something without which there is no demo has ended. */
  private fail(why: string): void {
    this.failure ??= why;
    this.stop.stop();
  }

  private async firstRequest(): Promise<void> {
    let last = 'no answer';
    const isThrough = async () => {
      const { calls } = await this.traffic.once();
      const [call] = calls;
      if (call?.answer !== undefined) return true;
      last = call?.error ?? String(call?.status);
      return false;
    };
    const isUp = await until(isThrough, this.stop.signal, FIRST_REQUEST_LIMIT_MS);
    this.stop.signal.throwIfAborted();
    if (!isUp)
      throw new Error(`no request came through the mesh within ${FIRST_REQUEST_LIMIT_MS / 1000} s (last: ${last})`);
    this.isUp = true;
    const { ports } = this.options;
    this.announcer.ready({
      firstRequestMs: this.elapsedMs(),
      hints: hints(this.options, this.mesh, this.elapsedMs()),
      addresses: {
        httpAddress: `127.0.0.1:${ports.http}`,
        xdsAddress: `127.0.0.1:${ports.grpc}`,
        instances: this.mesh.map(({ service, instance, version, port, sidecarPort, adminPort, upstreams }) => ({
          service,
          instance,
          version,
          port,
          sidecarPort,
          adminPort,
          upstreams,
        })),
      },
    });
  }

  async untilStopped(): Promise<void> {
    void watchControlPlane(this.agent, this.over.signal, (event) => this.announcer.event(event));
    if (this.options.ratePerSecond > 0)
      this.traffic.start(this.options.ratePerSecond, (answer) => this.book.record(answer, this.elapsedMs()));
    const everyMs = SHOW_EVERY_MS[this.options.json ? 'json' : this.io.interactive ? 'terminal' : 'plain'];
    this.timer = setInterval(() => this.announcer.show(this.book), everyMs);
    await new Promise<void>((resolve) => {
      if (this.stop.signal.aborted) resolve();
      else this.stop.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if (this.failure !== undefined) throw new Error(this.failure);
  }

  async end(): Promise<void> {
    clearInterval(this.timer);
    this.over.abort();
    this.traffic.stop();
    await this.house.end();
    this.announcer.stopped(this.book, this.failure === undefined ? this.reason : 'Stopped after an error.');
  }
}
