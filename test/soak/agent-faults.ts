import type { AgentHost } from './agent-host.js';
import type { Fault, Inject, World } from './faults.js';

/** The question that agents are asked before and while they are cut off. */
export const questionOf = ({ name }: AgentHost): string => `/v1/health/service/app-${name}`;

function struckOf({ agents, random }: World): AgentHost {
  const struck = agents[Math.floor(random() * agents.length)];
  if (struck === undefined) throw new Error('this fault needs client agents: ask for some');
  return struck;
}

const servingOf = ({ machines }: World): Pick<Fault, 'serving' | 'refusing'> => ({ serving: machines, refusing: [] });

const late = (agent: AgentHost, world: World): { readonly Name: string } => ({
  Name: `late-${agent.name}-${Math.floor(world.random() * 1e6)}`,
});

/** What was registered a moment before is there afterwards. */
const killAgent: Inject = async (world) => {
  const struck = struckOf(world);
  await struck.register(late(struck, world));
  await struck.agent.kill();
  const heal = async (): Promise<void> => {
    struck.start();
    await struck.untilServing();
  };
  return { name: `kill -9 of the agent of ${struck.name}`, ...servingOf(world), heal };
};

const pauseAgent: Inject = async (world) => {
  const struck = struckOf(world);
  struck.agent.signal('SIGSTOP');
  const heal = async (): Promise<void> => struck.agent.signal('SIGCONT');
  return { name: `the agent of ${struck.name} stands still`, ...servingOf(world), heal };
};

/** Services come and go meanwhile. */
const cutAgent: Inject = async (world) => {
  const struck = struckOf(world);
  const [gone, come] = [late(struck, world), late(struck, world)];
  await struck.register(gone);
  world.network.separate([struck.host]);
  await Promise.all([struck.deregister(gone.Name), struck.register(come)]);
  const heal = async (): Promise<void> => world.network.rejoin();
  return { name: `the agent of ${struck.name} is cut off`, ...servingOf(world), alone: [struck], heal };
};

/** A registration that cannot be kept is refused; the agent serves on, and starts anew over what it has. */
const fillAgentDisk: Inject = async (world) => {
  const struck = struckOf(world);
  struck.disk.fill();
  const { status, text } = await struck.call('PUT', '/v1/agent/service/register', JSON.stringify(late(struck, world)));
  if (status !== 503 || !text.includes('ENOSPC'))
    throw new Error(`with a full disk ${struck.name} answers a registration with ${status} ${text}`);
  await struck.agent.kill();
  struck.start();
  await struck.untilServing();
  const heal = async (): Promise<void> => struck.disk.empty();
  return { name: `the disk of the agent of ${struck.name} is full`, ...servingOf(world), heal };
};

const jumpAgentClock: Inject = async (world) => {
  const struck = struckOf(world);
  const offsetMs = (world.random() < 0.5 ? -1 : 1) * 3_600_000;
  struck.setClock(offsetMs);
  return {
    name: `the clock of the agent of ${struck.name} jumps by ${offsetMs / 60_000} min`,
    ...servingOf(world),
    heal: async () => struck.setClock(0),
  };
};

/** Every kind of fault of client agents, by name. */
export const agentFaults: Readonly<Record<string, Inject>> = {
  'kill-agent': killAgent,
  'pause-agent': pauseAgent,
  'cut-agent': cutAgent,
  'fill-agent-disk': fillAgentDisk,
  'jump-agent-clock': jumpAgentClock,
};
