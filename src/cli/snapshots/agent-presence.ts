import { formatDurationMs } from '../../core/duration.js';
import { messageOf } from '../failure.js';
import { type AgentClient, segment } from '../http/agent-client.js';
import { pause } from '../pause.js';

const ALIVE_TTL_MS = 30_000;
const ALIVE_EVERY_MS = 10_000;

export interface PresenceOptions {
  readonly agent: AgentClient;
  readonly service: string;
  /** Unique among the agents that are registered with one agent. */
  readonly id: string;
  readonly deregisterAfterMs: number;
  readonly intervalMs: number;
  readonly warn: (sentence: string) => void;
}

/** A snapshot agent in the catalog: a service with a check that it lives, and one that it saves while it leads. */
export interface AgentPresence {
  /** Leads or not; nothing is said of saving by who does not. */
  lead(leads: boolean): Promise<void>;
  tell(status: 'passing' | 'critical', output: string): Promise<void>;
  close(): Promise<void>;
}

/** Registers the agent and keeps it alive; an agent that cannot be registered works all the same, and says so once. */
export function announce(options: PresenceOptions): AgentPresence {
  const { agent, service, id, deregisterAfterMs, intervalMs, warn } = options;
  const [alive, saving] = [`${id}:alive`, `${id}:saving`];
  const closing = new AbortController();
  let isWarned = false;
  const attempt = async (run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
      isWarned = false;
    } catch (thrown) {
      if (!isWarned) warn(`this snapshot agent cannot be shown in the catalog: ${messageOf(thrown)}`);
      isWarned = true;
    }
  };
  const update = (check: string, status: string, output: string) =>
    agent.put(`/v1/agent/check/update/${segment(check)}`, { Status: status, Output: output });
  const register = () =>
    agent.put('/v1/agent/service/register', {
      ID: id,
      Name: service,
      Checks: [
        {
          CheckID: alive,
          Name: 'Consul Snapshot Agent Alive',
          TTL: formatDurationMs(ALIVE_TTL_MS),
          Status: 'passing',
          ...(deregisterAfterMs === 0 ? {} : { DeregisterCriticalServiceAfter: formatDurationMs(deregisterAfterMs) }),
        },
      ],
    });
  const living = (async () => {
    await attempt(register);
    while (!closing.signal.aborted) {
      await pause(ALIVE_EVERY_MS, closing.signal);
      if (!closing.signal.aborted) await attempt(() => update(alive, 'passing', '').catch(register));
    }
  })();
  return {
    lead: (leads) =>
      attempt(() =>
        leads
          ? agent.put('/v1/agent/check/register', {
              ID: saving,
              Name: 'Consul Snapshot Agent Saving Snapshots',
              ServiceID: id,
              // An agent that hangs says nothing.
              TTL: formatDurationMs(2 * intervalMs + 60_000),
              Status: 'passing',
            })
          : agent.put(`/v1/agent/check/deregister/${segment(saving)}`),
      ),
    tell: (status, output) => attempt(() => update(saving, status, output)),
    async close() {
      closing.abort();
      await living;
      await agent.put(`/v1/agent/service/deregister/${segment(id)}`).catch(() => undefined);
    },
  };
}
