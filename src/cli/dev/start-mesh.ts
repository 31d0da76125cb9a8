import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBootstrap, envoyArguments } from '../envoy/index.js';
import { findProxy } from '../envoy/find-proxy.js';
import { agentFacts } from '../envoy/xds-address.js';
import type { AgentClient } from '../http/agent-client.js';
import { type DemoInstance, type DevPorts, sidecarId } from './demo-mesh.js';
import type { Household } from './household.js';

/** Short, so that what an intention takes away ends before one's eyes (envoy-facts.md 6.3). */
const DRAIN_TIME_S = 1;

type OnEnd = (name: string, how: string) => void;

/** Starts every demo service in a process of its own. */
export async function startServices(house: Household, mesh: readonly DemoInstance[], onEnd: OnEnd): Promise<void> {
  const script = fileURLToPath(new URL('./demo-service-main.js', import.meta.url));
  await Promise.all(
    mesh.map((one) =>
      house.start(one.instance, process.execPath, [script, JSON.stringify(one)], (how) => onEnd(one.instance, how)),
    ),
  );
}

/** Starts an Envoy beside each service, with the bootstrap that `connect envoy` would give it. */
export async function startEnvoys(
  house: Household,
  mesh: readonly DemoInstance[],
  ports: DevPorts,
  agent: AgentClient,
  binary: string,
  onEnd: OnEnd,
): Promise<void> {
  const { datacenter } = await agentFacts(agent);
  await Promise.all(
    mesh.map(async (one) => {
      const name = sidecarId(one);
      const file = join(house.folder, `${name}.json`);
      writeFileSync(file, JSON.stringify(await bootstrap(one, ports, agent, datacenter)), { mode: 0o600 });
      const args = envoyArguments(['--concurrency', '1', '-l', 'warning'], {
        timeS: DRAIN_TIME_S,
        strategy: 'immediate',
      });
      await house.start(name, binary, ['--config-path', file, ...args], (how) => onEnd(name, how));
    }),
  );
}

async function bootstrap(one: DemoInstance, ports: DevPorts, agent: AgentClient, datacenter: string): Promise<object> {
  const proxy = await findProxy(agent, {
    proxyId: sidecarId(one),
    sidecarFor: '',
    gateway: '',
    nodeName: '',
    centralConfig: true,
  });
  return buildBootstrap({
    proxyId: proxy.id,
    cluster: proxy.service,
    nodeName: '',
    datacenter,
    namespace: 'default',
    partition: 'default',
    token: '',
    admin: { host: '127.0.0.1', port: one.adminPort, accessLogPath: '/dev/null' },
    xds: { address: { type: 'tcp', host: '127.0.0.1', port: ports.grpc } },
    drainTimeS: DRAIN_TIME_S,
    config: proxy.config,
    prometheus: {
      backendPort: '',
      scrapePath: '/metrics',
      caFile: '',
      caPath: '',
      caPem: '',
      certFile: '',
      keyFile: '',
    },
    ready: undefined,
    omitDeprecatedTags: true,
  });
}
