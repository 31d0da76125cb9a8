import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';
import type { Host } from './hosts.js';

/** The etcd member of a machine. */
export interface Member {
  readonly log: string;
  start(): void;
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Runs again: started here, or by the server whose it is. */
  restart(): void;
}

export interface MemberPlan {
  readonly host: Host;
  readonly folder: string;
  readonly etcdPath: string;
  /** name=peer URL, of all members. */
  readonly cluster: string;
}

/** A member that nobody but us starts and ends. */
export class OwnMember implements Member {
  readonly #plan: MemberPlan;
  #process: RigProcess | undefined;

  constructor(plan: MemberPlan) {
    this.#plan = plan;
  }

  get log(): string {
    return this.#process?.log ?? '';
  }

  start(): void {
    const { host, etcdPath, cluster, folder } = this.#plan;
    this.#process = host.start(`etcd of ${host.name}`, etcdPath, [
      `--name=${host.name}`,
      `--data-dir=${folder}`,
      '--listen-client-urls=http://0.0.0.0:2379',
      `--advertise-client-urls=http://${host.address}:2379`,
      `--listen-peer-urls=http://${host.address}:2380`,
      `--initial-advertise-peer-urls=http://${host.address}:2380`,
      `--initial-cluster=${cluster}`,
      '--initial-cluster-state=new',
      '--initial-cluster-token=soak',
      '--log-level=warn',
    ]);
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal);
  }

  restart(): void {
    if (!this.#process?.isRunning) this.start();
  }
}

/** The member that a server manages: it is the server that starts it, again as well. */
export class ManagedMember implements Member {
  readonly log = '';
  readonly #pidFile: string;

  /** In: the server's data directory. */
  constructor(dataDir: string) {
    this.#pidFile = join(dataDir, 'etcd', 'etcd.pid');
  }

  start(): void {
    // Its server does.
  }

  kill(): Promise<void> {
    this.signal('SIGKILL');
    return Promise.resolve();
  }

  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(Number(readFileSync(this.#pidFile, 'utf8')), signal);
    } catch {
      // It has ended in the meantime.
    }
  }

  restart(): void {
    // Its server does.
  }
}
