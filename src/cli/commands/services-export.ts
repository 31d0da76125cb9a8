import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { textFlag } from '../flags/flag.js';
import type { AgentClient } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import type { CliIo } from '../io.js';
import { asList, asRecord, asText } from '../json.js';

const ENTRY = '/v1/config/exported-services/default';

/** `services export`: adds consumers of one service to the exported-services entry. */
export const servicesExport = defineCommand({
  usage: '-name NAME -consumer-peers PEER[,PEER…] [options]',
  about: 'Lets peers use a service: adds them to the service in the exported-services config entry.',
  examples: [{ says: 'For two peers:', type: 'services export -name=web -consumer-peers=east,west' }],
  flags: {
    name: textFlag('Name of the service, or * for all.'),
    consumerPeers: textFlag('Names of peers, separated by commas.'),
    consumerPartitions: textFlag(
      'Names of partitions, separated by commas. There is one partition, so that this is refused.',
    ),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags: { name, consumerPeers, consumerPartitions }, io }) => {
    if (name === '') return refuse(io, 'Missing the required -name flag');
    if (consumerPeers === '' && consumerPartitions === '')
      return refuse(io, 'Missing the required -consumer-peers or -consumer-partitions flag');
    const consumers = [
      ...namesIn(consumerPeers).map((peer) => ({ Peer: peer })),
      ...namesIn(consumerPartitions).map((partition) => ({ Partition: partition })),
    ];
    try {
      await addConsumers(agent, name, consumers);
    } catch (thrown) {
      return failure(io, `Error exporting the service "${name}"`, thrown);
    }
    tell(io, name, consumerPeers, consumerPartitions);
    return 0;
  },
});

type Consumer = Readonly<Record<string, string>>;

/** Written only if nobody changed the entry since it was read. */
async function addConsumers(agent: AgentClient, name: string, consumers: readonly Consumer[]): Promise<void> {
  const stored = await readEntry(agent);
  const services = asList(stored?.['Services']).map(asRecord);
  const others = services.filter((service) => asText(service['Name']) !== name);
  const known = services.filter((service) => asText(service['Name']) === name);
  const all = [...known.flatMap((service) => asList(service['Consumers']).map(asRecord)), ...consumers];
  const distinct = [...new Map(all.map((consumer) => [JSON.stringify(consumer), consumer])).values()];
  const entry = {
    ...stored,
    Kind: 'exported-services',
    Name: 'default',
    Services: [...others, { ...known[0], Name: name, Consumers: distinct }],
  };
  const cas = Number(stored?.['ModifyIndex'] ?? 0);
  if ((await agent.put('/v1/config', entry, { cas })).trim() !== 'true')
    throw new Error('somebody else changed the exported-services entry meanwhile: run the command again');
}

async function readEntry(agent: AgentClient): Promise<Record<string, unknown> | undefined> {
  try {
    const { Hash: _hash, ...entry } = asRecord(await agent.get(ENTRY));
    return entry;
  } catch (thrown) {
    if (thrown instanceof AgentError && thrown.status === 404) return undefined;
    throw thrown;
  }
}

const namesIn = (text: string): readonly string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

function tell(io: CliIo, name: string, peers: string, partitions: string): void {
  const to = [
    ...(peers === '' ? [] : [`cluster peers "${peers}"`]),
    ...(partitions === '' ? [] : [`partitions "${partitions}"`]),
  ];
  io.out(`Successfully exported service "${name}" to ${to.join(' and to ')}\n`);
}
