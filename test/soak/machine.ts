import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HttpAnswer, httpCall, until } from '../support/envoy-rig/index.js';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';
import { Disk } from './disk.js';
import type { Host } from './hosts.js';
import { ManagedMember, type Member, OwnMember } from './member.js';
import { MAIN, Program } from './program.js';

const DISK = '500m';
const START_MS = 90_000;

export interface MachinePlan {
  readonly host: Host;
  /** Everything of the machine is in here. */
  readonly folder: string;
  readonly etcdPath: string;
  /** All machines with a server. */
  readonly hosts: readonly Host[];
  /** Servers run their etcd themselves. */
  readonly isManaged: boolean;
}

export const PORTS = { http: 8500, grpc: 8502 } as const;
/** The shortest session TTL that is taken; ours end by themselves within the round. */
export const SESSION_TTL_MS = 1000;
/** The cluster key. */
export const KEY = Buffer.alloc(32, 5).toString('base64');
/** The least history that a managed etcd keeps. */
export const SHORTEST_HISTORY_MS = 10_000;

/** A machine with one Meshwright server and one etcd member, on a disk of its own. */
export class Machine {
  readonly host: Host;
  readonly member: Member;
  readonly disk: Disk;
  readonly isManaged: boolean;
  /** The program that is started next. */
  main = MAIN;
  readonly #plan: MachinePlan;
  readonly #program: Program;

  constructor(plan: MachinePlan) {
    const { host, folder, hosts, isManaged, etcdPath } = plan;
    this.#plan = plan;
    this.host = host;
    this.isManaged = isManaged;
    this.#program = new Program(host, folder);
    this.disk = new Disk(join(folder, 'disk'), DISK);
    mkdirSync(this.#dataDir);
    const cluster = hosts.map(({ name, address }) => `${name}=http://${address}:2380`).join(',');
    this.member = isManaged
      ? new ManagedMember(this.#dataDir)
      : new OwnMember({ host, folder: join(this.disk.path, 'etcd'), etcdPath, cluster });
    const endpoints = hosts.map(({ address }) => `http://${address}:2379`);
    const etcd = isManaged
      ? { binary: etcdPath, compaction_interval: `${SHORTEST_HISTORY_MS}ms` }
      : { endpoints, prefix: 'mesh' };
    const config = {
      state: { backend: 'etcd', verify_interval: '20s', etcd },
      limits: { http_max_conns_per_client: 2000 },
      session_ttl_min: `${SESSION_TTL_MS}ms`,
      encrypt: KEY,
      retry_join: hosts.map(({ address }) => address),
      retry_interval: '1s',
      ...(isManaged ? { bootstrap_expect: hosts.length } : {}),
    };
    writeFileSync(join(folder, 'agent.json'), JSON.stringify(config));
  }

  get name(): string {
    return this.host.name;
  }

  get #dataDir(): string {
    return join(this.disk.path, 'data');
  }

  get server(): RigProcess {
    return this.#program.process;
  }

  startServer(): void {
    const ports = ['-http-port', PORTS.http, '-grpc-port', PORTS.grpc, '-grpc-tls-port', -1, '-dns-port', -1];
    const where = ['-client', '0.0.0.0', '-bind', this.host.address, '-allow-plaintext-secrets'];
    const files = ['-data-dir', this.#dataDir, '-config-file', join(this.#plan.folder, 'agent.json')];
    const who = ['-server', '-node', this.name, '-allow-old-etcd'];
    this.#program.start('server', this.main, [...who, ...where, ...files, ...ports.map(String)]);
  }

  async untilServing(): Promise<void> {
    await until(
      `${this.name} serving`,
      async () => {
        this.server.assertRunning();
        return (await this.call('GET', `/v1/catalog/node/${this.name}?stale`)).text.includes(this.name);
      },
      START_MS,
    );
  }

  call(method: string, path: string, body?: string, timeoutMs = 30_000): Promise<HttpAnswer> {
    const to = { host: this.host.clientAddress, port: PORTS.http, timeoutMs };
    return httpCall({ ...to, method, path, ...(body === undefined ? {} : { body }) });
  }

  /** Makes the wall clock of the server jump to so far from the right time. */
  setClock(offsetMs: number): void {
    this.#program.setClock(offsetMs);
  }
}
