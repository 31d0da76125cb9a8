import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure } from '../failure.js';
import { pairsFlag, switchFlag, textFlag } from '../flags/flag.js';
import { segment } from '../http/agent-client.js';
import { asList, asRecord, asText } from '../json.js';
import { nodeMetaQuery } from './node-meta.js';

const SHORT_ID_LENGTH = 8;

/** `catalog nodes`: a table of nodes; `-service` keeps those that have it. */
export const catalogNodes = defineCommand({
  usage: '[options]',
  about: 'Lists the nodes of a datacenter, or those that have a certain service.',
  examples: [
    { says: 'All nodes:', type: 'catalog nodes' },
    {
      says: 'Nodes with the service "web", nearest to this agent first, with all they say of themselves:',
      type: 'catalog nodes -service=web -near=_agent -detailed',
    },
  ],
  flags: {
    detailed: switchFlag('Show the whole ID, tagged addresses and metadata too.'),
    filter: textFlag('Filter expression for the nodes, e.g. \'Meta.env == "prod"\'.'),
    near: textFlag('Sort by the distance from this node; _agent is the agent that is asked.'),
    nodeMeta: pairsFlag('Only nodes with this metadata.'),
    service: textFlag('Only nodes that have this service.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    try {
      const query = {
        ...(flags.near === '' ? {} : { near: flags.near }),
        ...(flags.filter === '' ? {} : { filter: flags.filter }),
        ...nodeMetaQuery(flags.nodeMeta),
      };
      const found = asList(
        await (flags.service === ''
          ? agent.get('/v1/catalog/nodes', query)
          : agent.get(`/v1/catalog/service/${segment(flags.service)}`, query)),
      ).map(asRecord);
      const nodes = flags.service === '' ? found : oncePerNode(found);
      if (nodes.length === 0) io.err('No nodes match the given query - try expanding your search.\n');
      else io.out(columns([header(flags.detailed), ...nodes.map((node) => row(node, flags.detailed))]));
      return 0;
    } catch (thrown) {
      return failure(io, 'Error listing nodes', thrown);
    }
  },
});

/** Instances of a service, as the nodes they are on. */
function oncePerNode(
  instances: readonly Readonly<Record<string, unknown>>[],
): readonly Readonly<Record<string, unknown>>[] {
  const nodes = new Map(
    instances.map((instance) => [asText(instance['Node']), { ...instance, Meta: instance['NodeMeta'] }]),
  );
  return [...nodes.values()];
}

const header = (detailed: boolean): readonly string[] => [
  'Node',
  'ID',
  'Address',
  'DC',
  ...(detailed ? ['TaggedAddresses', 'Meta'] : []),
];

function row(node: Readonly<Record<string, unknown>>, detailed: boolean): readonly string[] {
  const id = asText(node['ID']);
  return [
    asText(node['Node']),
    detailed ? id : id.slice(0, SHORT_ID_LENGTH),
    asText(node['Address']),
    asText(node['Datacenter']),
    ...(detailed ? [pairs(node['TaggedAddresses']), pairs(node['Meta'])] : []),
  ];
}

const pairs = (value: unknown): string =>
  Object.entries(asRecord(value))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, entry]) => `${key}=${asText(entry)}`)
    .join(', ');
