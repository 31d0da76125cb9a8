import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pause, startHttpApp, until } from '../support/envoy-rig/index.js';
import { Rig } from '../support/envoy-rig/rig.js';
import { seededRandom } from '../state/support/seeded-random.js';
import { questionOf } from './agent-faults.js';
import { AgentHost } from './agent-host.js';
import { type Fault, faults, type World } from './faults.js';
import { CLIENTS_ADDRESS, Network } from './hosts.js';
import { Machine } from './machine.js';
import { Proxies } from './proxies.js';
import { KeyRound } from './round.js';
import { startAgentTraffic, startTraffic, type Traffic } from './traffic.js';
import { Watched } from './watched.js';

export interface SoakOptions {
  readonly etcdPath: string;
  readonly envoyPath: string;
  readonly seed: number;
  /** Rounds begin until then; each fault comes once at least. */
  readonly seconds: number;
  /** Names of faults, in the order of the first rounds; later ones are drawn. */
  readonly faults: readonly string[];
  /** Client agents; none, or three and more. */
  readonly agents: number;
  /** Servers run their etcd themselves. */
  readonly isManaged: boolean;
  /** The main.js of another build, for the fault `change-build`. */
  readonly otherMain: string | undefined;
  /** A change is served everywhere again so long after the world is healed. */
  readonly recoveryMs: number;
  readonly say: (line: string) => void;
}

interface Load {
  readonly proxies: Proxies;
  readonly watched: Watched;
  readonly traffic: readonly Traffic[];
}

const PROXIES = 20;
const MACHINES = ['m1', 'm2', 'm3'];
/** New leaders are found in this time, and a server that has lost its majority has noticed. */
const NOTICE_MS = 20_000;
/** What agents have is in the catalog, and their nodes are well, so long after all servers serve. */
const AGENTS_MS = 30_000;

/** Rounds of faults under load; throws at the first broken promise, with what the servers wrote last. */
export async function soak(options: SoakOptions): Promise<void> {
  const rig = new Rig();
  const world = makeWorld(rig, options);
  try {
    const load = await startAll(rig, world, options);
    options.say(
      `three servers, three etcd members${options.isManaged ? ' that they manage' : ''}, ${options.agents} client agents, ${PROXIES} proxies; seed ${options.seed}`,
    );
    const untilMs = performance.now() + options.seconds * 1000;
    for (let round = 0; round < options.faults.length || performance.now() < untilMs; round += 1)
      await playRound(world, load, round, options);
    const requests = load.traffic.reduce((sum, traffic) => sum + traffic.requests, 0);
    options.say(`${requests} requests passed real Envoys, none failed`);
    options.say(`${load.watched.answers} answers to blocking queries, none missed, none went back`);
  } catch (thrown) {
    for (const { server, member } of world.machines)
      for (const log of [server.log, member.log]) options.say(`--- ${server.name}:\n${log.slice(-4000)}`);
    for (const { agent } of world.agents) options.say(`--- ${agent.name}:\n${agent.log.slice(-2500)}`);
    throw thrown;
  } finally {
    await rig.close();
  }
}

async function startAll(rig: Rig, world: World, { envoyPath }: SoakOptions): Promise<Load> {
  const { machines, agents, random } = world;
  const [first] = machines as [Machine];
  for (const machine of machines) machine.member.start();
  for (const machine of machines) machine.startServer();
  await Promise.all(machines.map((machine) => machine.untilServing()));
  for (const agent of agents) agent.start();
  await Proxies.register(first, PROXIES);
  const proxies = new Proxies(machines, PROXIES);
  rig.onClose(async () => proxies.close());
  await Promise.all([proxies.ready(), ...agents.map((agent) => agent.untilServing())]);
  const app = await startHttpApp(rig, 'checked', { host: CLIENTS_ADDRESS });
  await Promise.all(agents.map((agent) => agent.registerFirst(app.port)));
  const traffic = [await startTraffic(rig, envoyPath, machines)];
  if (agents.length > 0) traffic.push(await startAgentTraffic(rig, envoyPath, agents));
  const doors = [...machines, ...agents].map(({ host }) => host);
  const watched = new Watched(machines, doors, seededRandom(Math.floor(random() * 1e9)));
  rig.onClose(() => watched.close());
  await agentsWhole(world);
  return { proxies, watched, traffic };
}

function makeWorld(rig: Rig, { etcdPath, seed, agents, isManaged, otherMain }: SoakOptions): World {
  const agentNames = Array.from({ length: agents }, (_, at) => `a${at + 1}`);
  const network = new Network(rig, [...MACHINES, ...agentNames]);
  const [servers, others] = [network.hosts.slice(0, MACHINES.length), network.hosts.slice(MACHINES.length)];
  const folderOf = (name: string): string => {
    const folder = join(rig.folder, name);
    mkdirSync(folder);
    return folder;
  };
  const machines = servers.map(
    (host) => new Machine({ host, folder: folderOf(host.name), etcdPath, hosts: servers, isManaged }),
  );
  const agentHosts = others.map((host) => new AgentHost(host, folderOf(host.name), servers));
  for (const { disk } of [...machines, ...agentHosts]) rig.onClose(async () => disk.unmount());
  return { network, machines, agents: agentHosts, otherMain, random: seededRandom(seed) };
}

async function playRound(world: World, load: Load, round: number, options: SoakOptions): Promise<void> {
  const { random, machines } = world;
  const names = options.faults;
  const name = names[round] ?? names[Math.floor(random() * names.length)];
  const keys = new KeyRound(`round-${round}`, machines, options.seed + round * 100);
  await pause(800 + random() * 500);
  const fault = await (faults[name ?? ''] as (world: World) => Promise<Fault>)(world);
  await check(fault, round);
  await pause(500 + random() * 3000);
  await fault.heal();
  const tookMs = await recovery(machines, round, options.recoveryMs);
  const agentsTookMs = await agentsWhole(world);
  await keys.judge();
  await load.watched.judge();
  await load.proxies.converge(machines[round % machines.length] as Machine, `${6 + round}s`);
  for (const traffic of load.traffic) traffic.check();
  const agents = world.agents.length > 0 ? `, agents whole ${(agentsTookMs / 1000).toFixed(1)} s later` : '';
  options.say(
    `round ${round}: ${fault.name}; all served ${(tookMs / 1000).toFixed(1)} s after healing${agents}; ${keys.calls} calls make sense`,
  );
}

/** Who should serve does, and who cannot know refuses, but still answers what may be stale. */
async function check({ serving, refusing, alone = [] }: Fault, round: number): Promise<void> {
  await Promise.all([
    ...serving.map((machine) => until(`${machine.name} serving meanwhile`, () => serves(machine, round), NOTICE_MS)),
    ...refusing.map(async (machine) => {
      await until(`${machine.name} refusing writes`, () => refuses(machine, 'PUT', '/v1/kv/lost', 'x'), NOTICE_MS);
      await until(`${machine.name} refusing default reads`, () => refuses(machine, 'GET', '/v1/kv/probe'), NOTICE_MS);
      const { status } = await machine.call('GET', '/v1/catalog/nodes?stale');
      if (status !== 200) throw new Error(`${machine.name} answered a stale read with ${status}`);
    }),
    ...alone.map((agent) =>
      until(`${agent.name} answering alone`, () => agent.answersAlone(questionOf(agent)), NOTICE_MS),
    ),
  ]);
}

/** All machines take writes and show each other's. In: how long that may take. Out: how long it took. */
async function recovery(machines: readonly Machine[], round: number, limitMs: number): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(
    machines.map((machine) => until(`${machine.name} serving again`, () => serves(machine, round), limitMs)),
  );
  const tookMs = performance.now() - startedAt;
  if (tookMs > limitMs) throw new Error(`it took ${Math.round(tookMs)} ms until all served again, not ${limitMs}`);
  return tookMs;
}

/** All that agents have is in the catalog, and nothing else; what agents answer alone is asked of them now. Out: how long it took. */
async function agentsWhole({ agents, machines }: World): Promise<number> {
  const startedAt = performance.now();
  const [machine] = machines as [Machine];
  await Promise.all(
    agents.map((agent) =>
      until(`what ${agent.name} has being in the catalog`, () => agent.isWholeAt(machine), AGENTS_MS),
    ),
  );
  const tookMs = performance.now() - startedAt;
  await Promise.all(
    agents.map(async (agent) => {
      const { status } = await agent.call('GET', questionOf(agent));
      if (status !== 200) throw new Error(`${agent.name} answers ${questionOf(agent)} with ${status}`);
    }),
  );
  return tookMs;
}

async function serves(machine: Machine, round: number): Promise<boolean> {
  const value = `${round}`;
  const { status } = await machine.call('PUT', `/v1/kv/probe/${machine.name}`, value);
  return status === 200 && (await machine.call('GET', `/v1/kv/probe/${machine.name}?raw`)).text === value;
}

const refuses = async (machine: Machine, method: string, path: string, body?: string): Promise<boolean> =>
  (await machine.call(method, path, body)).status >= 500;
