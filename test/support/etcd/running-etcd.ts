import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdClient } from '../../../src/state/backend/etcd/client/index.js';
import { freePort } from '../envoy-rig/index.js';
import { RigProcess } from '../envoy-rig/rig-process.js';
import { atUntimelyEnd } from '../envoy-rig/warden.js';
import type { EtcdBinary } from './etcd-binary.js';

const START_MS = 30_000;

export interface EtcdOptions {
  readonly binary: EtcdBinary;
  readonly members?: number;
  /** More flags for every member. */
  readonly flags?: readonly string[];
}

/** One member of a cluster, as a process of its own. */
export class EtcdMember {
  readonly endpoint: string;
  /** Where its data is. */
  readonly folder: string;
  readonly #start: () => RigProcess;
  #process: RigProcess;

  constructor(endpoint: string, folder: string, start: () => RigProcess) {
    this.endpoint = endpoint;
    this.folder = folder;
    this.#start = start;
    this.#process = start();
  }

  get log(): string {
    return this.#process.log;
  }

  assertRunning(): void {
    this.#process.assertRunning();
  }

  /** SIGKILL, SIGSTOP, SIGCONT … */
  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** Starts it again over the same data. */
  restart(): void {
    this.#process = this.#start();
  }
}

export interface RunningEtcd {
  readonly endpoints: readonly string[];
  readonly members: readonly EtcdMember[];
  /** A client for looking behind the engine. */
  client(): EtcdClient;
  stop(): Promise<void>;
}

export const realTime = {
  now: () => Date.now(),
  pause: (delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs)),
};

/** Starts a cluster on free ports of the loopback with its data in a temporary folder; resolves when it has a leader. */
export async function startEtcd({ binary, members = 1, flags = [] }: EtcdOptions): Promise<RunningEtcd> {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-etcd-'));
  atUntimelyEnd.removeFolder(folder);
  const plans: { readonly name: string; readonly client: string; readonly peer: string }[] = [];
  for (let at = 0; at < members; at += 1) {
    const [client, peer] = [await freePort(), await freePort()];
    plans.push({ name: `m${at}`, client: `127.0.0.1:${client}`, peer: `http://127.0.0.1:${peer}` });
  }
  const cluster = plans.map(({ name, peer }) => `${name}=${peer}`).join(',');
  const scheme = flags.some((flag) => flag.startsWith('--cert-file')) ? 'https' : 'http';
  const started = plans.map(({ name, client, peer }) => {
    const url = `${scheme}://${client}`;
    const args = [
      `--name=${name}`,
      `--data-dir=${join(folder, name)}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${cluster}`,
      '--initial-cluster-state=new',
      `--initial-cluster-token=${folder}`,
      '--heartbeat-interval=50',
      '--election-timeout=500',
      '--log-level=warn',
      ...flags,
    ];
    return new EtcdMember(
      url,
      join(folder, name),
      () => new RigProcess(`etcd ${name}`, binary.path, args, process.env),
    );
  });
  const endpoints = started.map(({ endpoint }) => endpoint);
  const clients: EtcdClient[] = [];
  const running: RunningEtcd = {
    endpoints,
    members: started,
    client() {
      const client = new EtcdClient({ endpoints }, realTime);
      clients.push(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.close();
      await Promise.all(started.map((member) => member.kill()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    if (scheme === 'http') await untilLeader(running);
  } catch (thrown) {
    await running.stop();
    throw thrown;
  }
  return running;
}

async function untilLeader(running: RunningEtcd): Promise<void> {
  const until = Date.now() + START_MS;
  const client = running.client();
  for (;;) {
    for (const member of running.members) member.assertRunning();
    try {
      await client.range({ key: Buffer.from('x') });
      return;
    } catch (thrown) {
      if (Date.now() > until)
        throw new Error(
          `etcd has no leader: ${String(thrown)}\n${running.members.map(({ log }) => log.slice(-500)).join('\n')}`,
        );
      await realTime.pause(100);
    }
  }
}
