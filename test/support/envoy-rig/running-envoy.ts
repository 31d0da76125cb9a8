import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlane } from './control-plane.js';
import { envoyBinary } from './envoy-binary.js';
import { freePort } from '../free-ports.mjs';
import { httpCall } from './http-call.js';
import type { RigProcess } from './rig-process.js';
import type { Rig } from './rig.js';
import { until } from './until.js';

/** Drain time that sidecars are started with, as `meshwright dev` does. */
export const DRAIN_TIME_S = 1;

/** A real Envoy and its admin interface. */
export class RunningEnvoy {
  constructor(
    readonly process: RigProcess,
    readonly adminPort: number,
  ) {}

  async admin(path: string): Promise<string> {
    const answer = await httpCall({ port: this.adminPort, path });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.text;
  }

  /** Waits until it serves. */
  async ready(): Promise<void> {
    await until(`${this.process.name} being ready`, async () => {
      this.process.assertRunning();
      return (await this.admin('/ready')).startsWith('LIVE');
    });
  }

  /** Counters and gauges whose name matches the regular expression. */
  async stats(pattern: string): Promise<ReadonlyMap<string, number>> {
    const text = await this.admin(`/stats?filter=${encodeURIComponent(pattern)}`);
    const lines = text.split('\n').map((line) => /^(\S+): (\d+)$/.exec(line.trim()));
    return new Map(lines.flatMap((match) => (match ? [[match[1] as string, Number(match[2])]] : [])));
  }

  /** Stops the clock for Envoy: it holds its connections and does nothing. */
  freeze(): void {
    this.process.signal('SIGSTOP');
  }

  thaw(): void {
    this.process.signal('SIGCONT');
  }
}

export interface SidecarOptions {
  /** Envoy's version. */
  readonly version: string;
  readonly drainTimeS: number;
  /** More flags for `connect envoy`. */
  readonly flags?: readonly string[];
}

/** `meshwright connect envoy -sidecar-for ID`: our own way to start an Envoy. */
export async function connectEnvoy(
  plane: Pick<ControlPlane, 'command'>,
  serviceId: string,
  { version, drainTimeS, flags = [] }: SidecarOptions,
): Promise<RunningEnvoy> {
  const adminPort = await freePort();
  const started = plane.command(`the Envoy of ${serviceId}`, [
    ...['connect', 'envoy', '-sidecar-for', serviceId, '-envoy-binary', await envoyBinary(version)],
    ...['-admin-bind', `127.0.0.1:${adminPort}`, '-drain-time-s', String(drainTimeS)],
    ...flags,
  ]);
  return new RunningEnvoy(started, adminPort);
}

/** An Envoy that somebody else starts, with a bootstrap and arguments of his own. */
export async function startForeignEnvoy(
  rig: Rig,
  name: string,
  version: string,
  bootstrap: (adminPort: number) => object,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<RunningEnvoy> {
  const adminPort = await freePort();
  const file = join(rig.folder, `${name}-bootstrap.json`);
  writeFileSync(file, JSON.stringify(bootstrap(adminPort)), { mode: 0o600 });
  const all = ['--config-path', file, '--disable-hot-restart', ...args];
  return new RunningEnvoy(rig.start(`the Envoy of ${name}`, await envoyBinary(version), all, env), adminPort);
}
