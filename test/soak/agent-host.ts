import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deriveClusterSecrets, formatJoinToken, joinTokenOf } from '../../src/cluster/credentials/index.js';
import { type HttpAnswer, httpCall, until } from '../support/envoy-rig/index.js';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';
import { Disk } from './disk.js';
import { CLIENTS_ADDRESS, type Host } from './hosts.js';
import { KEY, type Machine, PORTS } from './machine.js';
import { MAIN, Program } from './program.js';

const DISK = '8m';
const START_MS = 60_000;
const TOKEN = formatJoinToken(joinTokenOf(deriveClusterSecrets(KEY)));

interface NodeCheck {
  readonly CheckID: string;
  readonly Status: string;
  readonly Output: string;
}

/** A machine with a client agent, the services and checks of its node, on a disk of its own. */
export class AgentHost {
  readonly host: Host;
  readonly disk: Disk;
  readonly #folder: string;
  readonly #program: Program;
  /** What is registered, to the agent's own word. */
  readonly #services = new Set<string>();
  readonly #checks = new Set<string>(['serfHealth', 'kept']);

  constructor(host: Host, folder: string, servers: readonly Host[]) {
    this.host = host;
    this.#folder = folder;
    this.disk = new Disk(join(folder, 'data'), DISK);
    this.#program = new Program(host, folder);
    const config = { retry_join: servers.map(({ address }) => address), retry_interval: '1s', join: { token: TOKEN } };
    writeFileSync(join(folder, 'agent.json'), JSON.stringify(config));
  }

  get name(): string {
    return this.host.name;
  }

  get agent(): RigProcess {
    return this.#program.process;
  }

  start(): void {
    const ports = ['-http-port', PORTS.http, '-grpc-port', PORTS.grpc, '-grpc-tls-port', -1, '-dns-port', -1];
    const where = ['-client', '0.0.0.0', '-bind', this.host.address, '-allow-plaintext-secrets'];
    const files = ['-data-dir', this.disk.path, '-config-file', join(this.#folder, 'agent.json')];
    this.#program.start('agent', MAIN, ['-node', this.name, ...where, ...files, ...ports.map(String)]);
  }

  async untilServing(): Promise<void> {
    await until(
      `the agent of ${this.name} serving`,
      async () => {
        this.agent.assertRunning();
        return (await this.call('GET', '/v1/agent/self')).status === 200;
      },
      START_MS,
    );
  }

  setClock(offsetMs: number): void {
    this.#program.setClock(offsetMs);
  }

  /** A service with a check that looks at an app of the clients' side every second, and one of the node that was told once. */
  async registerFirst(appPort: number): Promise<void> {
    const HTTP = `http://${CLIENTS_ADDRESS}:${appPort}/`;
    await this.register({ Name: `app-${this.name}`, Port: 80, Check: { HTTP, Interval: '1s', Timeout: '10s' } });
    const ttl = { ID: 'kept', Name: 'told once', TTL: '2h' };
    await this.put('/v1/agent/check/register', ttl);
    await this.put('/v1/agent/check/update/kept', { Status: 'passing', Output: `as ${this.name} said` });
  }

  /** Registers a service with the agent, which must take it. */
  async register(service: { readonly Name: string; readonly Check?: object; readonly [field: string]: unknown }) {
    await this.put('/v1/agent/service/register', { Address: this.host.clientAddress, ...service });
    this.#services.add(service.Name);
    if (service.Check) this.#checks.add(`service:${service.Name}`);
  }

  async deregister(id: string): Promise<void> {
    await this.put(`/v1/agent/service/deregister/${id}`);
    this.#services.delete(id);
    this.#checks.delete(`service:${id}`);
  }

  /** Notes what the agent makes besides: the sidecar of a service, and its checks. */
  hasSidecar(id: string): void {
    this.#services.add(`${id}-sidecar-proxy`);
  }

  /** Whether the servers know exactly what is registered here, and that all of it is well. Throws what is not. */
  async isWholeAt(machine: Machine): Promise<boolean> {
    const [services, checks] = await Promise.all([
      machine.call('GET', `/v1/catalog/node-services/${this.name}`),
      machine.call('GET', `/v1/health/node/${this.name}`),
    ]);
    if (services.status !== 200 || checks.status !== 200) throw new Error(`${services.status} ${checks.status}`);
    const { Services } = (JSON.parse(services.text) ?? {}) as { Services?: readonly { readonly ID: string }[] };
    const [there, wanted] = [new Set((Services ?? []).map(({ ID }) => ID)), this.#services];
    const missing = [...wanted].filter((id) => !there.has(id));
    const tooMany = [...there].filter((id) => !wanted.has(id));
    const rows = new Map((JSON.parse(checks.text) as readonly NodeCheck[]).map((check) => [check.CheckID, check]));
    const ill = [...this.#checks].filter((id) => rows.get(id)?.Status !== 'passing');
    const isForgotten = rows.get('kept')?.Output !== `as ${this.name} said`;
    if (missing.length + tooMany.length + ill.length === 0 && !isForgotten) return true;
    throw new Error(`without ${missing.join()}; with ${tooMany.join()}; not passing ${ill.join()}; ${isForgotten}`);
  }

  /** It answers a question that it was asked before, and is open about how old the answer is; it refuses what it cannot know. */
  async answersAlone(question: string): Promise<boolean> {
    const [answer, write, key] = await Promise.all([
      this.call('GET', question),
      this.call('PUT', '/v1/kv/lost', 'x'),
      this.call('GET', '/v1/kv/never-asked'),
    ]);
    const own = await this.call('GET', '/v1/agent/services');
    if (own.status !== 200 || Object.keys(JSON.parse(own.text) as object).length !== this.#services.size)
      throw new Error(`of its own services it says ${own.status} ${own.text}`);
    if (write.status < 500 || key.status < 500) throw new Error(`it answers ${write.status} ${key.status}`);
    const { 'x-consul-knownleader': leader, age } = answer.headers;
    if (answer.status === 200 && leader === 'false' && age !== undefined && answer.text.length > 2) return true;
    throw new Error(
      `asked again it says ${answer.status} ${String(leader)} ${String(age)} ${answer.text.slice(0, 200)}`,
    );
  }

  async put(path: string, body?: object): Promise<void> {
    const { status, text } = await this.call('PUT', path, body === undefined ? undefined : JSON.stringify(body));
    if (status !== 200) throw new Error(`${path} at ${this.name}: ${status} ${text}`);
  }

  call(method: string, path: string, body?: string, timeoutMs = 30_000): Promise<HttpAnswer> {
    const to = { host: this.host.clientAddress, port: PORTS.http, timeoutMs };
    return httpCall({ ...to, method, path, ...(body === undefined ? {} : { body }) });
  }
}
