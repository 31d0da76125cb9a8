// An agent for one HTTP scenario, waited for until nothing in it moves by itself.
import { request, sleep, spawnAgent } from '../agent.mjs';

// An executable that never gets there is not waited for again and again.
const patience = { leaderMs: 20_000, settleMs: 5_000 };

/** Starts an agent as the scenario wants it; `ready` says whether it ever had a leader. */
export async function startAgent(executable, scenario, host) {
  const { config, files, args } = scenario.agent ?? {};
  const agent = await spawnAgent(executable, { config, files, args, host, node: 'n1' });
  const headers = scenario.token ? { 'X-Consul-Token': scenario.token } : {};
  const ask = async (path) => {
    const answer = await request(agent.ports.http, { path, headers, timeout: 2000 });
    return answer.status === 200 ? String(answer.body) : '';
  };
  const until = async (limitMs, condition) => {
    for (const end = Date.now() + limitMs; !agent.isGone() && Date.now() < end; await sleep(25))
      if (await condition()) return true;
    return false;
  };
  const ready = await until(patience.leaderMs, async () => (await ask('/v1/status/leader')).length > 4);
  const noCa = config?.connect?.enabled === false;
  const settled =
    ready &&
    (await until(
      patience.settleMs,
      async () =>
        (await ask('/v1/health/node/n1')).includes('serfHealth') &&
        (noCa || (await ask('/v1/connect/ca/roots')).includes('BEGIN CERT')) &&
        (await ask('/v1/catalog/service/consul')).length > 10 &&
        (await ask('/v1/catalog/nodes')).includes('"lan"'),
    ));
  if (!ready) patience.leaderMs = Math.max(3000, patience.leaderMs / 2);
  else if (!settled) patience.settleMs = Math.max(300, patience.settleMs / 2);
  return { ...agent, ready };
}
