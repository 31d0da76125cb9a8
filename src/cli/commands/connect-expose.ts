import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { listFlag, portFlag, textFlag } from '../flags/flag.js';
import { type AgentClient, segment } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import { asList, asRecord, asText } from '../json.js';

/** `connect expose`: a service behind an ingress gateway, and the intention that lets the gateway call it. */
export const connectExpose = defineCommand({
  usage: '-service NAME -ingress-gateway NAME -port PORT [options]',
  about:
    'Exposes a service through an ingress gateway: adds it to the config entry of the gateway, and allows the gateway to call it.',
  examples: [
    {
      says: 'For requests to a host:',
      type: 'connect expose -service=web -ingress-gateway=edge -port=8080 -protocol=http -host=web.example',
    },
  ],
  flags: {
    service: textFlag('Name of the service to expose.'),
    ingressGateway: textFlag('Name of the ingress gateway.'),
    port: portFlag('The port on which the gateway listens.', 0),
    protocol: textFlag('tcp, http, http2 or grpc.', 'string', 'tcp'),
    host: listFlag('A host name whose requests go to the service.'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags: { service, ingressGateway: gateway, port, protocol, host }, io }) => {
    if (service === '') return refuse(io, 'A service name must be given via the -service flag.');
    if (gateway === '') return refuse(io, 'An ingress gateway service must be given via the -ingress-gateway flag.');
    if (port === 0) return refuse(io, 'A port must be provided via the -port flag.');
    const exposed = { service, port, protocol: protocol.toLowerCase(), hosts: host };
    try {
      const entry = await readEntry(agent, gateway);
      const conflict = conflictingProtocol(entry, exposed);
      if (conflict !== undefined)
        return refuse(io, `Listener on port ${port} already configured with conflicting protocol "${conflict}"`);
      await writeEntry(agent, withService(entry, exposed));
    } catch (thrown) {
      return failure(io, `Error writing config entry for ingress service "${gateway}"`, thrown);
    }
    io.out(`Successfully updated config entry for ingress service "${gateway}"\n`);
    try {
      const query = { source: gateway, destination: service };
      await agent.put('/v1/connect/intentions/exact', { Action: 'allow', SourceType: 'consul' }, query);
    } catch (thrown) {
      return failure(io, `Error setting up intention for "${gateway}" -> "${service}"`, thrown);
    }
    io.out(`Successfully set up intention for "${gateway}" -> "${service}"\n`);
    return 0;
  },
});

type Fields = Readonly<Record<string, unknown>>;

interface Exposed {
  readonly service: string;
  readonly port: number;
  readonly protocol: string;
  readonly hosts: readonly string[];
}

const listenersOf = (entry: Fields): readonly Fields[] => asList(entry['Listeners']).map(asRecord);

/** The gateway's entry as it is, or the beginning of one. */
async function readEntry(agent: AgentClient, gateway: string): Promise<Fields> {
  try {
    const { Hash: _hash, ...entry } = asRecord(await agent.get(`/v1/config/ingress-gateway/${segment(gateway)}`));
    return entry;
  } catch (thrown) {
    if (thrown instanceof AgentError && thrown.status === 404) return { Kind: 'ingress-gateway', Name: gateway };
    throw thrown;
  }
}

function conflictingProtocol(entry: Fields, { port, protocol }: Exposed): string | undefined {
  const known = listenersOf(entry).find((listener) => listener['Port'] === port);
  const spoken = asText(known?.['Protocol']);
  return known === undefined || spoken === protocol ? undefined : spoken;
}

/** What the port serves besides stays; a service that is there already gets the hosts that are given. */
function withService(entry: Fields, { service, port, protocol, hosts }: Exposed): Fields {
  const listeners = listenersOf(entry);
  const known = listeners.find((listener) => listener['Port'] === port);
  const services = asList(known?.['Services']).map(asRecord);
  const before = services.find((one) => asText(one['Name']) === service);
  const after = { ...before, Name: service, ...(hosts.length > 0 ? { Hosts: hosts } : {}) };
  const listener = {
    ...known,
    Port: port,
    Protocol: protocol,
    Services: before ? services.map((one) => (one === before ? after : one)) : [...services, after],
  };
  return {
    ...entry,
    Listeners: known ? listeners.map((one) => (one === known ? listener : one)) : [...listeners, listener],
  };
}

/** Written only if nobody changed the entry since it was read. */
async function writeEntry(agent: AgentClient, entry: Fields): Promise<void> {
  const cas = Number(entry['ModifyIndex'] ?? 0);
  if ((await agent.put('/v1/config', entry, { cas })).trim() !== 'true')
    throw new Error('somebody else changed it meanwhile: run the command again');
}
