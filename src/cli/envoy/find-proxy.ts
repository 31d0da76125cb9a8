import { type AgentClient, segment } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import { asList, asRecord, asText } from '../json.js';
import { UsageError } from '../usage-error.js';

/** What the bootstrap needs of a proxy's registration. */
export interface ProxyRegistration {
  readonly id: string;
  /** The service it stands for; a gateway stands for itself. */
  readonly service: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Of the registration; 0 when it has none. */
  readonly port: number;
  /** The whole of its `Proxy` block. */
  readonly proxy: Readonly<Record<string, unknown>>;
}

export interface ProxyChoice {
  readonly proxyId: string;
  readonly sidecarFor: string;
  readonly gateway: string;
  /** Look in the catalog, at this node, instead of among the agent's own services. */
  readonly nodeName: string;
  /** Whether central configuration is merged into the proxy's own. */
  readonly centralConfig: boolean;
}

type Service = Readonly<Record<string, unknown>>;

const GATEWAY_KINDS: Readonly<Record<string, string>> = {
  api: 'api-gateway',
  ingress: 'ingress-gateway',
  mesh: 'mesh-gateway',
  terminating: 'terminating-gateway',
};

/** Finds the registration that the flags mean. Throws a sentence when there is none, or more than one. */
export async function findProxy(agent: AgentClient, choice: ProxyChoice): Promise<ProxyRegistration> {
  const id = choice.proxyId || (await findId(agent, choice));
  const service = choice.nodeName === '' ? await agentService(agent, id) : await catalogService(agent, choice, id);
  const kind = asText(service['Kind']);
  const proxy = asRecord(service['Proxy']);
  if (kind === '')
    throw new Error(
      `the service "${id}" is not a proxy; give the ID of its sidecar with -proxy-id, or -sidecar-for ${id}`,
    );
  const name = asText(service['Service']);
  return {
    id,
    service: kind === 'connect-proxy' ? asText(proxy['DestinationServiceName']) || name : name,
    config: asRecord(proxy['Config']),
    port: Number(asText(service['Port'])) || 0,
    proxy,
  };
}

async function findId(agent: AgentClient, choice: ProxyChoice): Promise<string> {
  const services = await (choice.nodeName === '' ? agentServices(agent) : catalogServices(agent, choice));
  if (choice.sidecarFor !== '') return onlySidecar(services, choice.sidecarFor);
  if (choice.gateway === '')
    throw new UsageError('No proxy ID specified. One of -proxy-id, -sidecar-for, or -gateway is required');
  const kind = GATEWAY_KINDS[choice.gateway];
  if (kind === undefined)
    throw new UsageError(`Gateway must be one of: ${Object.keys(GATEWAY_KINDS).join(', ')}, not "${choice.gateway}"`);
  return only(
    services.filter((service) => service['Kind'] === kind),
    `no ${kind} is registered with this agent; register one first`,
    `more than one ${kind} is registered`,
  );
}

const onlySidecar = (services: readonly Service[], wanted: string): string =>
  only(
    services.filter(
      (service) =>
        service['Kind'] === 'connect-proxy' &&
        asText(asRecord(service['Proxy'])['DestinationServiceID']).toLowerCase() === wanted.toLowerCase(),
    ),
    `No sidecar proxy registered for ${wanted}; register the service with "connect { sidecar_service {} }" first`,
    `More than one sidecar proxy registered for ${wanted}`,
  );

function only(found: readonly Service[], none: string, several: string): string {
  const [first, second] = found;
  if (first === undefined) throw new Error(none);
  if (second !== undefined)
    throw new Error(`${several}; start one with -proxy-id: ${found.map((one) => asText(one['ID'])).join(', ')}`);
  return asText(first['ID']);
}

const agentServices = async (agent: AgentClient): Promise<readonly Service[]> =>
  Object.values(asRecord(await agent.get('/v1/agent/services'))).map(asRecord);

async function agentService(agent: AgentClient, id: string): Promise<Service> {
  try {
    return asRecord(await agent.get(`/v1/agent/service/${segment(id)}`));
  } catch (thrown) {
    if (!(thrown instanceof AgentError) || thrown.status !== 404) throw thrown;
    throw new Error(
      `the agent has no proxy "${id}"; register it first, or give -node-name when it is registered with another node`,
      { cause: thrown },
    );
  }
}

async function catalogServices(
  agent: AgentClient,
  { nodeName, centralConfig }: ProxyChoice,
): Promise<readonly Service[]> {
  const query = centralConfig ? { 'merge-central-config': true as const } : {};
  const answer = asRecord(await agent.get(`/v1/catalog/node-services/${segment(nodeName)}`, query));
  if (Object.keys(asRecord(answer['Node'])).length === 0)
    throw new Error(`the catalog has no node "${nodeName}"; \`meshwright catalog nodes\` lists them`);
  return asList(answer['Services']).map(asRecord);
}

async function catalogService(agent: AgentClient, choice: ProxyChoice, id: string): Promise<Service> {
  const found = (await catalogServices(agent, choice)).find((service) => service['ID'] === id);
  if (found === undefined) throw new Error(`the node "${choice.nodeName}" has no proxy "${id}"; register it first`);
  return found;
}
