import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { pairsFlag, switchFlag, textFlag } from '../flags/flag.js';
import { type AgentClient, type Query, segment } from '../http/agent-client.js';
import { asList, asRecord, asText } from '../json.js';
import { nodeMetaQuery } from './node-meta.js';

const TAGS_GAP = 6;

/** `catalog services`: the names of services, with `-tags` their tags too. */
export const catalogServices = defineCommand({
  usage: '[options]',
  about: 'Lists the names of the services of a datacenter, or of one node.',
  examples: [
    { says: 'All services:', type: 'catalog services' },
    { says: 'Services of the node "vm-1" with their tags:', type: 'catalog services -node=vm-1 -tags' },
  ],
  flags: {
    filter: textFlag('Filter expression for the services.'),
    node: textFlag('Only services on this node: a name or an ID.'),
    nodeMeta: pairsFlag('Only services on nodes with this metadata.'),
    tags: switchFlag('Show the tags of each service too.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    try {
      const query = { ...(flags.filter === '' ? {} : { filter: flags.filter }), ...nodeMetaQuery(flags.nodeMeta) };
      const services = flags.node === '' ? await everywhere(agent, query) : await onNode(agent, flags.node, query);
      if (services.size === 0) {
        io.err('No services match the given query - try expanding your search.\n');
        return 0;
      }
      const rows = [...services]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, tags]) => [name, [...tags].sort().join(',')]);
      io.out(flags.tags ? columns(rows, TAGS_GAP) : rows.map(([name]) => `${name}\n`).join(''));
      return 0;
    } catch (thrown) {
      return failure(io, 'Error listing services', thrown);
    }
  },
});

type TagsByService = ReadonlyMap<string, ReadonlySet<string>>;

async function everywhere(agent: AgentClient, query: Query): Promise<TagsByService> {
  const services = Object.entries(asRecord(await agent.get('/v1/catalog/services', query)));
  return new Map(services.map(([name, tags]) => [name, new Set(asList(tags).map(asText))]));
}

async function onNode(agent: AgentClient, node: string, query: Query): Promise<TagsByService> {
  const services = asRecord(asRecord(await agent.get(`/v1/catalog/node/${segment(node)}`, query))['Services']);
  const found = new Map<string, Set<string>>();
  for (const service of Object.values(services).map(asRecord)) {
    const name = asText(service['Service']);
    const tags = found.get(name) ?? new Set<string>();
    for (const tag of asList(service['Tags'])) tags.add(asText(tag));
    found.set(name, tags);
  }
  return found;
}
