import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pause, until } from '../support/envoy-rig/index.js';
import { Rig } from '../support/envoy-rig/rig.js';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';
import { anyEtcd } from '../support/etcd/index.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'dist', 'main.js');

/** A test has no patience for the default of 30 s. */
const SOONER = ['-hcl', 'state { etcd { dead_after = "5s" } }'];

/** The commands of README's section "Three servers", in order. */
function commandsOfReadme(): string[] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const section = /\n### Three servers\n([\s\S]*?)\n##/.exec(readme)?.[1] ?? '';
  return section.split('\n').flatMap((line) => (line.startsWith('    ') ? [line.trim()] : []));
}

interface Peer {
  readonly ID: string;
  readonly Node: string;
  readonly Leader: boolean;
  readonly Voter: boolean;
}

/**
 * The commands as they are, but for this: hosts are addresses of the loopback, 10.0.0.N becoming <net>.N; each host has a folder
 * of its own in the place of /var/lib/meshwright; KEY is the key. Nobody else on the machine uses the net.
 */
class Hosts {
  readonly rig = new Rig();
  readonly net = `127.${20 + (process.pid % 200)}.${(process.pid >> 8) % 250}`;
  readonly path: string;
  key = '';
  readonly agents = new Map<number, RigProcess>();

  constructor(etcd: string) {
    this.path = `${dirname(etcd)}:${process.env['PATH'] ?? ''}`;
  }

  arguments(command: string, host = 0): string[] {
    const [program, ...words] = command
      .replaceAll('10.0.0.', `${this.net}.`)
      .replaceAll('/var/lib/meshwright', this.folder(host))
      .replaceAll('KEY', this.key)
      .split(' ');
    if (program !== 'meshwright') throw new Error(`the README says ${program}`);
    return [MAIN, ...words];
  }

  folder(host: number): string {
    return join(this.rig.folder, `host-${host}`);
  }

  start(host: number, command: string): RigProcess {
    const env = { PATH: this.path };
    const args = [...this.arguments(command, host), '-allow-old-etcd', ...SOONER];
    const agent = this.rig.start(`server-${host}`, process.execPath, args, env);
    this.agents.set(host, agent);
    return agent;
  }

  async run(command: string): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, this.arguments(command));
    return stdout;
  }

  /** Whether HTTP answers and the state is there. */
  async serving(host: number): Promise<void> {
    await until(
      `server-${host} serving`,
      async () => {
        this.agents.get(host)?.assertRunning();
        const { status } = await this.fetch(host, `/v1/health/node/server-${host}`);
        return status === 200;
      },
      30_000,
    );
  }

  async fetch(host: number, path: string, init?: RequestInit): Promise<{ status: number; text: string }> {
    const answer = await fetch(`http://${this.net}.${host}:8500${path}`, init);
    return { status: answer.status, text: await answer.text() };
  }

  async peers(host: number): Promise<Peer[]> {
    const { text } = await this.fetch(host, '/v1/operator/raft/configuration');
    return (JSON.parse(text) as { Servers: Peer[] }).Servers;
  }

  /** Processes of the host that are alive: its etcd. */
  etcdPids(host: number): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          return line.includes(`--data-dir=${this.folder(host)}/`) && !line.startsWith('/bin/sh');
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  /** As when the power of a host fails. */
  async cut(host: number): Promise<void> {
    for (const pid of this.etcdPids(host)) process.kill(pid, 'SIGKILL');
    await this.agents.get(host)?.kill();
    for (const pid of this.etcdPids(host)) process.kill(pid, 'SIGKILL');
  }
}

const etcd = anyEtcd();

describe('the three servers of the README', () => {
  const hosts = new Hosts(etcd?.path ?? '');
  const [keygen = '', ...rest] = commandsOfReadme();
  const agents = rest.slice(0, 3);
  const [listPeers = '', put = '', get = ''] = rest.slice(3);

  beforeAll(async () => {
    if (!etcd) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
    if (!existsSync(MAIN)) throw new Error('there is no dist/main.js: run `npm run build` first');
    hosts.key = (await hosts.run(keygen)).trim();
    for (const [at, command] of agents.entries()) hosts.start(at + 1, command);
    await Promise.all([1, 2, 3].map((host) => hosts.serving(host)));
  }, 60_000);
  afterAll(() => hosts.rig.close());

  it('are commands for three hosts', () => {
    expect(agents.every((command) => command.startsWith('meshwright agent '))).toBe(true);
    expect([listPeers, put, get].every((command) => command.startsWith('meshwright '))).toBe(true);
    expect(rest).toHaveLength(6);
  });

  it('are one cluster: a write on one is read on another', async () => {
    const listed = await hosts.run(listPeers);
    for (const node of ['server-1', 'server-2', 'server-3']) expect(listed).toContain(node);
    expect(listed.match(/ leader /g)).toHaveLength(1);
    expect(await hosts.run(put)).toContain('Success');
    expect((await hosts.run(get)).trim()).toBe('hello');
  });

  it('lead in turn: leadership of etcd goes to the server that an operator names', async () => {
    const next = (await hosts.peers(1)).find(({ Leader }) => !Leader);
    const path = `/v1/operator/raft/transfer-leader?id=${next?.ID}`;
    expect(await hosts.fetch(2, path, { method: 'POST' })).toMatchObject({ status: 200 });
    await until('the other to lead', async () =>
      (await hosts.peers(2)).some(({ Leader, Node }) => Leader && Node === next?.Node),
    );
  });

  it('go on when one of them is killed with its etcd, and take it back', async () => {
    await hosts.cut(1);
    await until('a write', async () => {
      const { status } = await hosts.fetch(2, '/v1/kv/during', { method: 'PUT', body: 'yes' });
      return status === 200;
    });
    expect((await hosts.fetch(3, '/v1/kv/during?raw')).text).toBe('yes');
    hosts.start(1, agents[0] ?? '');
    await hosts.serving(1);
    expect((await hosts.fetch(1, '/v1/kv/during?raw')).text).toBe('yes');
    expect((await hosts.fetch(1, '/v1/kv/greeting?raw')).text).toBe('hello');
  }, 40_000);

  it('leave no etcd behind when only the server is killed', async () => {
    expect(hosts.etcdPids(3)).toHaveLength(1);
    process.kill(hosts.agents.get(3)?.pid ?? 0, 'SIGKILL');
    await until('the end of its etcd', () => hosts.etcdPids(3).length === 0);
    hosts.start(3, agents[2] ?? '');
    await hosts.serving(3);
  }, 40_000);

  it('let a new server take the place of a dead one', async () => {
    await hosts.cut(2);
    const command = (agents[1] ?? '').replace('server-2', 'server-4').replaceAll('=10.0.0.2', '=10.0.0.4');
    hosts.start(4, `${command} -retry-join=10.0.0.1`);
    await hosts.serving(4);
    expect((await hosts.fetch(4, '/v1/kv/greeting?raw')).text).toBe('hello');
    const peers = await hosts.peers(4);
    expect(peers.map(({ Node }) => Node).sort()).toEqual(['server-1', 'server-3', 'server-4']);
    expect(peers.every(({ Voter }) => Voter)).toBe(true);
  }, 60_000);

  it('take the member out that an operator names, of a server that will not come back', async () => {
    const gone = (await hosts.peers(1)).find(({ Node }) => Node === 'server-3');
    await hosts.cut(3);
    const path = `/v1/operator/raft/peer?id=${gone?.ID}`;
    await until('its removal', async () => (await hosts.fetch(1, path, { method: 'DELETE' })).status === 200);
    await until('two peers', async () => (await hosts.peers(4)).length === 2);
    expect((await hosts.fetch(1, path, { method: 'DELETE' })).text).toContain(
      'was not found in the Raft configuration',
    );
  }, 40_000);

  it('let one go that leaves, and are a majority without it', async () => {
    expect(await hosts.fetch(4, '/v1/agent/leave', { method: 'PUT' })).toMatchObject({ status: 200 });
    await until('the end', () => hosts.agents.get(4)?.isRunning === false, 20_000);
    await until('one peer', async () => (await hosts.peers(1)).length === 1);
    await pause(100);
    expect((await hosts.fetch(1, '/v1/kv/after', { method: 'PUT', body: 'yes' })).status).toBe(200);
    expect(hosts.etcdPids(4)).toEqual([]);
  }, 40_000);
});
