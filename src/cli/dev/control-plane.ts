import { fileURLToPath } from 'node:url';
import { type AgentClient, createAgentClient } from '../http/agent-client.js';
import { asRecord } from '../json.js';
import { type DemoInstance, demoConfigEntries, type DevPorts, registration } from './demo-mesh.js';
import type { Household } from './household.js';
import { until } from './until.js';

const NODE_NAME = 'demo';
const START_LIMIT_MS = 30_000;
const ASK_LIMIT_MS = 2000;

/** A client for the control plane of `dev`. */
export const devAgent = (ports: DevPorts): AgentClient =>
  createAgentClient({
    address: { type: 'tcp', secure: false, host: '127.0.0.1', port: ports.http, basePath: '' },
    token: '',
    basicAuth: '',
    datacenter: '',
    namespace: '',
    partition: '',
    stale: false,
    tls: { verify: true },
  });

/** Starts a control plane in memory, in a process of its own. Resolves when it serves; throws a sentence when it cannot. */
export async function startControlPlane(
  house: Household,
  ports: DevPorts,
  agent: AgentClient,
  signal: AbortSignal,
  onEnd: (how: string) => void,
): Promise<void> {
  const main = fileURLToPath(new URL('../../main.js', import.meta.url));
  const args = [main, 'agent', '-dev', '-node', NODE_NAME, '-log-level', 'info', ...portArguments(ports)];
  const running = await house.start('control-plane', process.execPath, args, onEnd);
  const isServing = async () => {
    if (!running.isRunning()) throw new Error(`the control plane ended: ${running.lastLines(3).join(' | ')}`);
    const leader = await agent.request({ path: '/v1/status/leader', timeoutMs: ASK_LIMIT_MS }).catch(() => undefined);
    if (leader?.status !== 200 || leader.body.length < 5) return false;
    const roots = await agent.get('/v1/connect/ca/roots').catch(() => undefined);
    return asRecord(roots)['ActiveRootID'] !== undefined;
  };
  if (!(await until(isServing, signal, START_LIMIT_MS)))
    throw new Error(`the control plane did not get ready: ${running.lastLines(3).join(' | ')}`);
}

const portArguments = (ports: DevPorts): readonly string[] =>
  Object.entries({
    '-http-port': ports.http,
    '-grpc-port': ports.grpc,
    '-grpc-tls-port': ports.grpcTls,
    '-dns-port': ports.dns,
    '-server-port': ports.server,
    '-serf-lan-port': ports.serfLan,
    '-serf-wan-port': ports.serfWan,
  }).flatMap(([flag, port]) => [flag, String(port)]);

/** Writes the config entries of the demo and registers its services, as a user would. */
export async function registerDemo(agent: AgentClient, mesh: readonly DemoInstance[]): Promise<void> {
  for (const entry of demoConfigEntries) await agent.put('/v1/config', entry);
  for (const one of mesh) await agent.put('/v1/agent/service/register', registration(one));
}
