import { pause, until } from '../support/envoy-rig/index.js';
import { agentFaults } from './agent-faults.js';
import type { AgentHost } from './agent-host.js';
import type { Network } from './hosts.js';
import { type Machine, SHORTEST_HISTORY_MS } from './machine.js';
import { MAIN } from './program.js';

/** What the world does to a cluster. */
export interface Fault {
  readonly name: string;
  /** Machines whose server must go on serving everything in the meantime; the others may refuse, but not lie. */
  readonly serving: readonly Machine[];
  /** Machines whose server is up, and can only answer what may be stale: writes and default reads are refused there. */
  readonly refusing: readonly Machine[];
  /** Client agents that are up and reach no server: they answer what they know, and refuse the rest. */
  readonly alone?: readonly AgentHost[];
  heal(): Promise<void>;
}

export interface World {
  readonly network: Network;
  readonly machines: readonly Machine[];
  readonly agents: readonly AgentHost[];
  /** Another build of the program, for servers that are upgraded and go back. */
  readonly otherMain: string | undefined;
  readonly random: () => number;
}

export type Inject = (world: World) => Promise<Fault>;

function oneOf({ machines, random }: World): { readonly struck: Machine; readonly others: readonly Machine[] } {
  const struck = machines[Math.floor(random() * machines.length)] as Machine;
  return { struck, others: machines.filter((machine) => machine !== struck) };
}

const restartServer = async (machine: Machine): Promise<void> => {
  machine.startServer();
  await machine.untilServing();
};

const killServer: Inject = async (world) => {
  const { struck, others } = oneOf(world);
  await struck.server.kill();
  return {
    name: `kill -9 of the server of ${struck.name}`,
    serving: others,
    refusing: [],
    heal: () => restartServer(struck),
  };
};

const pauseServer: Inject = async (world) => {
  const { struck, others } = oneOf(world);
  struck.server.signal('SIGSTOP');
  const heal = async (): Promise<void> => struck.server.signal('SIGCONT');
  return { name: `the server of ${struck.name} stands still`, serving: others, refusing: [], heal };
};

const killMember: Inject = async (world) => {
  const { struck, others } = oneOf(world);
  await struck.member.kill();
  const heal = async (): Promise<void> => struck.member.restart();
  return { name: `kill -9 of the etcd of ${struck.name}`, serving: others, refusing: [], heal };
};

const pauseMember: Inject = async (world) => {
  const { struck, others } = oneOf(world);
  struck.member.signal('SIGSTOP');
  const heal = async (): Promise<void> => struck.member.signal('SIGCONT');
  return { name: `the etcd of ${struck.name} stands still`, serving: others, refusing: [], heal };
};

const pauseMajority: Inject = async (world) => {
  const { others, struck } = oneOf(world);
  for (const { member } of others) member.signal('SIGSTOP');
  const heal = async (): Promise<void> => others.forEach(({ member }) => member.signal('SIGCONT'));
  return { name: `all etcds but that of ${struck.name} stand still`, serving: [], refusing: world.machines, heal };
};

const cutCable: Inject = async (world) => {
  const { struck, others } = oneOf(world);
  world.network.separate([struck.host]);
  const heal = async (): Promise<void> => world.network.rejoin();
  return { name: `${struck.name} is cut off`, serving: others, refusing: [struck], heal };
};

const killAll: Inject = async ({ machines }) => {
  await Promise.all(machines.flatMap(({ server, member }) => [server.kill(), member.kill()]));
  return {
    name: 'kill -9 of everything',
    serving: [],
    refusing: [],
    heal: async () => {
      for (const machine of machines) machine.member.start();
      await Promise.all(machines.map(restartServer));
    },
  };
};

/** As for an upgrade: one server after the other ends in good order and starts again. */
const restartInTurn: Inject = async ({ machines }) => {
  for (const machine of machines) {
    await machine.server.stop();
    await restartServer(machine);
  }
  return {
    name: 'servers are restarted one after another',
    serving: machines,
    refusing: [],
    heal: async () => undefined,
  };
};

/** Servers go to another build one after another, or back to the first. */
const changeBuild: Inject = async ({ machines, otherMain }) => {
  if (otherMain === undefined) throw new Error('change-build needs another build: --other-build');
  const main = machines[0]?.main === otherMain ? MAIN : otherMain;
  for (const machine of machines) {
    await machine.server.stop();
    machine.main = main;
    await restartServer(machine);
  }
  return {
    name: `servers go to ${main} one after another`,
    serving: machines,
    refusing: [],
    heal: async () => undefined,
  };
};

const jumpClock: Inject = async (world) => {
  const { struck } = oneOf(world);
  const offsetMs = (world.random() < 0.5 ? -1 : 1) * 3_600_000;
  struck.setClock(offsetMs);
  return {
    name: `the clock of ${struck.name} jumps by ${offsetMs / 60_000} min`,
    serving: world.machines,
    refusing: [],
    heal: async () => struck.setClock(0),
  };
};

const fillDisk: Inject = async (world) => {
  const { struck, others } = oneOf(world);
  struck.disk.fill();
  return {
    name: `the disk of ${struck.name} is full`,
    serving: others,
    refusing: [],
    heal: async () => {
      struck.disk.empty();
      struck.member.restart();
      if (!struck.server.isRunning) struck.startServer();
      await struck.untilServing();
    },
  };
};

/** A server sleeps while the history that it would need is compacted away. */
const loseHistory: Inject = async (world) => {
  const { struck, others } = oneOf(world);
  struck.server.signal('SIGSTOP');
  // A managed etcd is compacted by its servers.
  if (struck.isManaged) await pause(2.5 * SHORTEST_HISTORY_MS);
  else {
    await pause(1500);
    await compact(others.map(({ host }) => `http://${host.clientAddress}:2379`));
  }
  const heal = async (): Promise<void> => struck.server.signal('SIGCONT');
  return { name: `the server of ${struck.name} misses history that is compacted`, serving: others, refusing: [], heal };
};

/** By whichever member answers: one that was cut off a moment ago may not know its leader yet. */
async function compact(endpoints: readonly string[]): Promise<void> {
  let asked = 0;
  await until('a compaction of etcd', async () => {
    const endpoint = endpoints[asked++ % endpoints.length] as string;
    const post = async (path: string, body: object): Promise<unknown> => {
      const answer = await fetch(`${endpoint}${path}`, { method: 'POST', body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${endpoint}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    };
    const { header } = (await post('/v3/kv/range', { key: 'eA==' })) as { header: { revision: string } };
    await post('/v3/kv/compaction', { revision: header.revision, physical: true });
    return true;
  });
}

/** Every kind of fault, by name. */
export const faults: Readonly<Record<string, Inject>> = {
  'kill-server': killServer,
  'pause-server': pauseServer,
  'kill-member': killMember,
  'pause-member': pauseMember,
  'pause-majority': pauseMajority,
  'cut-cable': cutCable,
  'lose-history': loseHistory,
  'jump-clock': jumpClock,
  'fill-disk': fillDisk,
  'restart-in-turn': restartInTurn,
  'kill-all': killAll,
  'change-build': changeBuild,
  ...agentFaults,
};
