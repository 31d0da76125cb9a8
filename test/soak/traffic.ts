import { freePort, httpCall, startHttpApp, until } from '../support/envoy-rig/index.js';
import type { Rig } from '../support/envoy-rig/rig.js';
import { openStream, startHttpLoad } from '../support/load/index.js';
import type { AgentHost } from './agent-host.js';
import { CLIENTS_ADDRESS, type Host } from './hosts.js';
import { type Machine, PORTS } from './machine.js';
import { MAIN } from './program.js';

const NODE = 'edge';
const PER_SECOND = 40;
/** Ports on hosts, which have them to themselves. */
const [INBOUND, OUTBOUND, ADMIN] = [21_000, 9191, 19_000];

/** Requests and one long answer through real Envoys. */
export interface Traffic {
  readonly requests: number;
  /** Throws when a request failed or the long answer broke off since the start. */
  check(): void;
}

/** Registers `caller` and `callee` in the catalog, starts their Envoys, each of another server, and the traffic between them. */
export async function startTraffic(rig: Rig, envoyPath: string, [first, second]: readonly Machine[]): Promise<Traffic> {
  const app = await startHttpApp(rig, 'callee');
  const [inbound, outbound] = [await freePort(), await freePort()];
  const Upstreams = [{ DestinationName: 'callee', LocalBindPort: outbound }];
  await register(first as Machine, 'callee', inbound, { LocalServicePort: app.port });
  await register(first as Machine, 'caller', await freePort(), { Upstreams });
  await startEnvoy(rig, envoyPath, first as Machine, 'caller');
  await startEnvoy(rig, envoyPath, second as Machine, 'callee');
  return flowing(rig, { name: 'the Envoys of servers', host: '127.0.0.1', port: outbound });
}

/**
 * The same behind client agents: `outer` at the first agent calls `inner` at two others. Their Envoys are on the hosts of the
 * agents, and reach each other whatever happens to the agents.
 */
export async function startAgentTraffic(rig: Rig, envoyPath: string, agents: readonly AgentHost[]): Promise<Traffic> {
  const [caller, ...callees] = agents.slice(0, 3) as [AgentHost, ...AgentHost[]];
  const app = await startHttpApp(rig, 'inner', { host: CLIENTS_ADDRESS });
  const sidecar = async (agent: AgentHost, Name: string, Proxy: object): Promise<void> => {
    await agent.register({ Name, Port: 80, Connect: { SidecarService: { Port: INBOUND, Checks: [], Proxy } } });
    agent.hasSidecar(Name);
    agent.host.start(`the Envoy of ${Name} at ${agent.name}`, process.execPath, [
      ...[MAIN, 'connect', 'envoy', '-sidecar-for', Name, '-envoy-binary', envoyPath],
      ...['-admin-bind', `127.0.0.1:${ADMIN}`],
    ]);
  };
  const Upstreams = [
    { DestinationName: 'inner', LocalBindAddress: caller.host.clientAddress, LocalBindPort: OUTBOUND },
  ];
  const Local = { LocalServiceAddress: CLIENTS_ADDRESS, LocalServicePort: app.port };
  for (const callee of callees) await sidecar(callee, 'inner', Local);
  await sidecar(caller, 'outer', { Upstreams });
  return flowing(rig, { name: 'the Envoys of client agents', host: caller.host.clientAddress, port: OUTBOUND });
}

async function flowing(
  rig: Rig,
  { name, host, port }: { readonly name: string; readonly host: string; readonly port: number },
): Promise<Traffic> {
  await until(`a request passing ${name}`, async () => (await httpCall({ host, port })).status === 200);
  const load = startHttpLoad({ host, port, perSecond: PER_SECOND });
  const stream = openStream(port, host);
  rig.onClose(async () => {
    stream.close();
    await load.stop();
  });
  return {
    get requests() {
      return load.report.requests;
    },
    check() {
      const { failed, errors } = load.report;
      if (failed > 0) throw new Error(`${failed} requests through ${name} failed:\n${errors.join('\n')}`);
      if (stream.endedAt !== undefined) throw new Error(`a connection through ${name} was broken`);
    },
  };
}

async function register(machine: Machine, service: string, port: number, proxy: object): Promise<void> {
  const Proxy = { DestinationServiceName: service, DestinationServiceID: service, ...proxy };
  const Service = {
    Kind: 'connect-proxy',
    ID: `${service}-proxy`,
    Service: `${service}-sidecar-proxy`,
    Port: port,
    Proxy,
  };
  const body = JSON.stringify({ Node: NODE, Address: CLIENTS_ADDRESS, Service });
  const { status, text } = await machine.call('PUT', '/v1/catalog/register', body);
  if (status !== 200) throw new Error(`registering ${service}: ${status} ${text}`);
}

async function startEnvoy(
  rig: Rig,
  envoyPath: string,
  { host }: { readonly host: Host },
  service: string,
): Promise<void> {
  rig.start(`the Envoy of ${service}`, process.execPath, [
    ...[MAIN, 'connect', 'envoy', '-proxy-id', `${service}-proxy`, '-node-name', NODE],
    ...['-http-addr', `${host.clientAddress}:${PORTS.http}`, '-grpc-addr', `${host.clientAddress}:${PORTS.grpc}`],
    ...['-envoy-binary', envoyPath, '-admin-bind', `127.0.0.1:${await freePort()}`],
  ]);
}
