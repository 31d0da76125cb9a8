import { isDeepStrictEqual } from 'node:util';
import type { AgentConfig } from '../agent/config/index.js';
import type { LocalAgent } from '../agent/index.js';

type Service = AgentConfig['services'][number];
type Check = AgentConfig['checks'][number];

/** The services and checks that the configuration defines. A reload touches only those that are other than before. */
export class ConfiguredDefinitions {
  readonly #agent: LocalAgent;
  #services = new Map<string, Service>();
  #checks = new Map<string, Check>();

  constructor(agent: LocalAgent) {
    this.#agent = agent;
  }

  /** Registers what is new, different or was removed by HTTP, and removes what is gone. What did not change keeps its state. */
  async apply({ services, checks }: AgentConfig): Promise<void> {
    const nextServices = new Map(services.map((service) => [service.id, service]));
    const nextChecks = new Map(checks.map((check) => [check.checkId || check.name, check]));
    const isNew = (id: string, now: Service | Check): boolean =>
      'service' in now
        ? !this.#agent.services.has(id) || !isDeepStrictEqual(this.#services.get(id), now)
        : !this.#agent.checks.has(id) || !isDeepStrictEqual(this.#checks.get(id), now);
    for (const id of this.#checks.keys())
      if (!nextChecks.has(id) && this.#agent.checks.has(id)) await this.#agent.deregisterCheck(id);
    for (const id of this.#services.keys())
      if (!nextServices.has(id) && this.#agent.services.has(id)) await this.#agent.deregisterService(id);
    // Of the node first, so that a service is never there before what it depends on.
    const [ofNode, ofServices] = [
      [...nextChecks].filter(([, { serviceId }]) => serviceId === ''),
      [...nextChecks].filter(([, { serviceId }]) => serviceId !== ''),
    ];
    for (const [id, check] of ofNode) if (isNew(id, check)) await this.#agent.registerCheck(check);
    const replaced = new Set<string>();
    for (const [id, service] of nextServices)
      if (isNew(id, service)) {
        await this.#agent.registerService(service, { replaceExistingChecks: true });
        replaced.add(id);
      }
    for (const [id, check] of ofServices)
      if (replaced.has(check.serviceId) || isNew(id, check)) await this.#agent.registerCheck(check);
    [this.#services, this.#checks] = [nextServices, nextChecks];
  }
}
