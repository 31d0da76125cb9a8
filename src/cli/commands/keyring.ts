import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { messageOf, refuse } from '../failure.js';
import { numberFlag, switchFlag, textFlag } from '../flags/flag.js';
import type { AgentClient, Query } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import { asList, asRecord, asText } from '../json.js';
import { UsageError } from '../usage-error.js';

const MOST_RELAYS = 5;

/** `keyring`: the cluster keys, from which certificates of agents and join tokens come. */
export const keyring = defineCommand({
  usage: '[options]',
  about:
    'Lists and changes the cluster keys, from which certificates of agents and join tokens come. Give exactly one of the actions.',
  examples: [
    { says: 'All keys and how many members have each:', type: 'keyring -list' },
    { says: 'Let every member trust a new key, before it is used:', type: 'keyring -install=<key>' },
  ],
  flags: {
    install: textFlag('Let all members trust this key.', 'key'),
    list: switchFlag('List all keys.'),
    listPrimary: switchFlag('List the keys that certificates are issued with.'),
    localOnly: switchFlag('With -list: only what this datacenter has.'),
    relayFactor: numberFlag('Accepted, 0 to 5; answers are never relayed.'),
    remove: textFlag('Let no member trust this key any more; not the one in use.', 'key'),
    use: textFlag('Issue certificates with this key, which must be installed.', 'key'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    const actions = [flags.list, flags.listPrimary, flags.install !== '', flags.use !== '', flags.remove !== ''];
    const chosen = actions.filter((action) => action).length;
    if (chosen === 0)
      throw new UsageError(
        'Usage: meshwright keyring [options]: give one of -list, -list-primary, -install, -use, -remove',
        {
          aboutFlags: true,
        },
      );
    if (chosen > 1) return refuse(io, 'Only a single action is allowed');
    if (flags.relayFactor < 0 || flags.relayFactor > MOST_RELAYS)
      return refuse(io, `Error parsing relay factor: it must be from 0 to ${MOST_RELAYS}`);
    const query: Query = {
      ...(flags.relayFactor === 0 ? {} : { 'relay-factor': flags.relayFactor }),
      ...(flags.localOnly ? { 'local-only': 'true' } : {}),
    };
    try {
      if (flags.list || flags.listPrimary) {
        io.out('==> Gathering installed encryption keys...\n');
        const rings = asList(await agent.get('/v1/operator/keyring', query)).map(asRecord);
        io.out(rings.map((ring) => describe(ring, flags.listPrimary ? 'PrimaryKeys' : 'Keys')).join('\n'));
      } else if (flags.install !== '') {
        io.out('==> Installing new gossip encryption key...\n');
        await change(agent, 'POST', flags.install, query);
      } else if (flags.use !== '') {
        io.out('==> Changing primary gossip encryption key...\n');
        await change(agent, 'PUT', flags.use, query);
      } else {
        io.out('==> Removing gossip encryption key...\n');
        await change(agent, 'DELETE', flags.remove, query);
      }
      return 0;
    } catch (thrown) {
      return refuse(io, `error: ${messageOf(thrown).trimEnd()}`);
    }
  },
});

async function change(agent: AgentClient, method: 'POST' | 'PUT' | 'DELETE', key: string, query: Query): Promise<void> {
  const answer = await agent.request({
    method,
    path: '/v1/operator/keyring',
    query,
    body: JSON.stringify({ Key: key }),
  });
  if (answer.status !== 200) throw AgentError.fromAnswer(answer.status, answer.body.toString());
}

function describe(ring: Readonly<Record<string, unknown>>, field: 'Keys' | 'PrimaryKeys'): string {
  const pool = ring['WAN'] === true ? 'WAN' : `${asText(ring['Datacenter'])} (LAN)`;
  const nodes = asText(ring['NumNodes']);
  const rows = Object.entries(asRecord(ring[field])).map(([key, count]) => [`  ${key}`, `[${asText(count)}/${nodes}]`]);
  return `\n${pool}:\n${columns(rows, 1)}`;
}
