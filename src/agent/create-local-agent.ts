import { AppError, type Clock, formatDurationMs } from '../core/index.js';
import type { CheckDefinition, ServiceDefinition } from '../model/definitions/index.js';
import type { CheckStatus } from '../model/index.js';
import type { StateStore } from '../state/index.js';
import { checkProxy } from '../discovery/catalog/index.js';
import { AntiEntropy } from './anti-entropy.js';
import { CheckExposure, type ExposingProxy, exposingProxiesCell } from './check-exposure.js';
import { type CheckResult, type CheckRunner, checkType, createCheckRunner, type TtlRunner } from './checks/index.js';
import { exposable, exposedDefinition } from './exposed-definition.js';
import type { LocalAgent, LocalCheck, LocalService } from './local-agent.js';
import { LocalState } from './local-state.js';
import { maintenanceCheck, NODE_MAINTENANCE, serviceMaintenanceId } from './maintenance.js';
import type { NodeFacts } from './node-facts.js';
import { createRecordFolder, type RecordFolder } from './persistence.js';
import { type PortRange, sidecarId, sidecarOf } from './sidecar.js';

const REAP_EVERY_MS = 30_000;
const SHORTEST_REAP_MS = 60_000;
/** A new check looks after a moment, so that what is registered together is looked at once it stands. */
const FIRST_LOOK_MS = 100;
/** Checks restored together begin within this time instead of all at once. */
const RESTART_SPREAD_MS = 3_000;

export interface LocalAgentOptions {
  readonly store: StateStore;
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly facts: NodeFacts;
  readonly sidecarPorts: PortRange;
  /** Ports of listeners that proxies open for checks (`expose.checks`). */
  readonly exposePorts: PortRange;
  readonly checkOutputMaxSize: number;
  /** Changed output alone is copied to the catalog after this time; 0 = at once. */
  readonly checkUpdateIntervalMs: number;
  /** Where registrations survive a restart; none for an agent that keeps nothing. */
  readonly dataDir?: string;
  readonly logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

interface StoredService {
  readonly definition: ServiceDefinition;
}

interface StoredCheck {
  readonly definition: CheckDefinition;
  readonly status: CheckStatus;
  readonly output: string;
  /** When a TTL runs out, ms since the epoch. */
  readonly expiresAtMs: number;
  /** The port by which it went through a proxy; absent = it did not. */
  readonly exposedPort?: number;
}

/** The local agent of a node. Restores what was persisted, starts its checks, and copies all of it into the catalog. */
export function createLocalAgent(options: LocalAgentOptions): LocalAgent & { start(): Promise<void> } {
  return new Agent(options);
}

class Agent implements LocalAgent {
  readonly node: string;
  readonly #options: LocalAgentOptions;
  readonly #local = new LocalState();
  readonly #definitions = new Map<string, CheckDefinition>();
  readonly #runners = new Map<string, CheckRunner | TtlRunner>();
  readonly #criticalSince = new Map<string, number>();
  readonly #deferred = new Map<string, () => void>();
  readonly #exposure: CheckExposure;
  readonly #antiEntropy: AntiEntropy;
  readonly #serviceFolder: RecordFolder<StoredService> | undefined;
  readonly #checkFolder: RecordFolder<StoredCheck> | undefined;
  #cancelReaper = (): void => undefined;
  #stopWatching = (): void => undefined;

  constructor(options: LocalAgentOptions) {
    this.#options = options;
    this.node = options.facts.node;
    const { store, clock, facts, logger, dataDir } = options;
    this.#exposure = new CheckExposure(options.exposePorts, (text) => logger.warn({}, text));
    this.#antiEntropy = new AntiEntropy({
      store,
      clock,
      facts,
      local: this.#local,
      warn: (fields, text) => logger.warn(fields, text),
    });
    this.#serviceFolder = dataDir === undefined ? undefined : createRecordFolder(dataDir, 'services');
    this.#checkFolder = dataDir === undefined ? undefined : createRecordFolder(dataDir, 'checks');
  }

  get services(): ReadonlyMap<string, LocalService> {
    return this.#local.services;
  }

  get checks(): ReadonlyMap<string, LocalCheck> {
    return this.#local.checks;
  }

  async start(): Promise<void> {
    this.#restore();
    await this.#antiEntropy.sync();
    for (const runner of this.#runners.values()) runner.start();
    this.#stopWatching = this.#options.store.subscribe(exposingProxiesCell, this.node, (all) => this.#reroute(all));
    this.#scheduleReaper();
  }

  async registerService(
    definition: ServiceDefinition,
    { replaceExistingChecks }: { readonly replaceExistingChecks: boolean },
  ): Promise<void> {
    checkProxy(definition.proxy);
    checkProxy(definition.sidecar?.proxy);
    const sidecar = sidecarOf(
      definition,
      this.#local.services.get(sidecarId(definition.id)),
      this.#usedPorts(definition.id),
      this.#options.sidecarPorts,
    );
    const all = sidecar ? [definition, sidecar] : [definition];
    const started = all.flatMap((service) => this.#put(service, replaceExistingChecks));
    this.#local.changed();
    await this.#antiEntropy.sync();
    for (const id of started) this.#runners.get(id)?.start();
  }

  async deregisterService(id: string): Promise<void> {
    if (!this.#local.services.has(id)) throw unknownService(id);
    for (const gone of [sidecarId(id), id]) if (this.#local.services.has(gone)) this.#remove(gone);
    this.#local.changed();
    await this.#antiEntropy.sync();
  }

  async registerCheck(definition: CheckDefinition): Promise<void> {
    if (definition.serviceId !== '' && !this.#local.services.has(definition.serviceId))
      throw new AppError('notFound', `ServiceID "${definition.serviceId}" does not exist`);
    const id = definition.checkId || definition.name;
    this.#putCheck(id, definition, 'own');
    this.#local.changed();
    await this.#antiEntropy.sync();
    this.#runners.get(id)?.start();
  }

  async deregisterCheck(id: string): Promise<void> {
    if (!this.#local.checks.has(id)) throw unknownCheck(id);
    this.#removeCheck(id);
    this.#local.changed();
    await this.#antiEntropy.sync();
  }

  async updateTtlCheck(id: string, status: CheckStatus, output: string): Promise<void> {
    if (!this.#local.checks.has(id)) throw unknownCheck(id);
    const runner = this.#runners.get(id);
    if (runner === undefined || !('update' in runner))
      throw new AppError('internal', `CheckID "${id}" does not have associated TTL`);
    runner.update({ status, output });
    await this.#antiEntropy.sync();
  }

  async setNodeMaintenance(enable: boolean, reason: string): Promise<void> {
    await this.#maintain(NODE_MAINTENANCE, enable, () => maintenanceCheck(this.node, undefined, reason));
  }

  async setServiceMaintenance(id: string, enable: boolean, reason: string): Promise<void> {
    const service = this.#local.services.get(id);
    if (service === undefined) throw unknownService(id);
    await this.#maintain(serviceMaintenanceId(id), enable, () => maintenanceCheck(this.node, service, reason));
  }

  nextChange(signal: AbortSignal): Promise<void> {
    return this.#local.nextChange(signal);
  }

  async close(): Promise<void> {
    this.#cancelReaper();
    this.#stopWatching();
    for (const cancel of this.#deferred.values()) cancel();
    for (const runner of this.#runners.values()) runner.stop();
    this.#antiEntropy.close();
    this.#local.changed();
    await Promise.resolve();
  }

  async #maintain(id: string, enable: boolean, make: () => LocalCheck): Promise<void> {
    if (enable === this.#local.checks.has(id)) return;
    if (enable) this.#local.checks.set(id, make());
    else this.#local.checks.delete(id);
    this.#antiEntropy.check(id);
    this.#local.changed();
    await this.#antiEntropy.sync();
  }

  #put(definition: ServiceDefinition, replaceChecks: boolean): string[] {
    const { checks: checkDefinitions, token: _token, sidecar: _sidecar, ...service } = definition;
    this.#local.services.set(definition.id, { ...service, node: this.node });
    this.#serviceFolder?.save(definition.id, { definition: { ...definition, checks: [] } });
    this.#antiEntropy.service(definition.id);
    const ids = checkDefinitions.map((check, position) =>
      serviceCheckId(definition, check, position, checkDefinitions.length),
    );
    if (replaceChecks)
      for (const old of this.#local.checksOf(definition.id))
        if (!ids.includes(old.checkId)) this.#removeCheck(old.checkId);
    checkDefinitions.forEach((check, position) => {
      const name = check.name === '' ? `Service '${definition.service}' check` : check.name;
      this.#putCheck(ids[position] as string, { ...check, name, serviceId: definition.id }, 'service');
    });
    return ids;
  }

  #putCheck(id: string, definition: CheckDefinition, place: 'own' | 'service', restored?: StoredCheck): void {
    this.#runners.get(id)?.stop();
    const service = this.#local.services.get(definition.serviceId);
    const status = restored?.status ?? (definition.status || 'critical');
    const shown = (ms: number): string => (ms === 0 && place === 'service' ? '' : formatDurationMs(ms));
    this.#definitions.set(id, { ...definition, checkId: id });
    this.#exposure.decide(id, definition, this.#usedPorts(''), restored?.exposedPort);
    this.#local.checks.set(id, {
      node: this.node,
      checkId: id,
      name: definition.name,
      status,
      notes: definition.notes,
      output: restored?.output ?? '',
      serviceId: definition.serviceId,
      serviceName: service?.service ?? '',
      serviceTags: service?.tags ?? [],
      type: checkType(definition),
      interval: shown(definition.intervalMs),
      timeout: shown(definition.timeoutMs),
      ...this.#exposureOf(id, definition),
      definition: {},
    });
    this.#antiEntropy.check(id);
    this.#runners.set(id, this.#createRunner(id, definition, status, restored));
    this.#persistCheck(id);
  }

  /** What the catalog is told about the way of a check, so that the proxy opens a listener for it. */
  #exposureOf(id: string, definition: CheckDefinition): Pick<LocalCheck, 'exposedPort' | 'exposed'> {
    const place = this.#exposure.placeOf(id);
    const exposed = place && exposable(definition);
    return { exposedPort: place?.port ?? 0, ...(exposed ? { exposed } : {}) };
  }

  /** Checks go through the proxies that expose them now, and straight to the application where none does any more. */
  #reroute(proxies: readonly ExposingProxy[]): void {
    const changed = this.#exposure.learn(proxies, this.#definitions, this.#usedPorts(''));
    for (const id of changed) {
      const definition = this.#definitions.get(id);
      const check = this.#local.checks.get(id);
      if (definition === undefined || check === undefined) continue;
      this.#runners.get(id)?.stop();
      const { exposed: _before, ...kept } = check;
      this.#local.checks.set(id, { ...kept, ...this.#exposureOf(id, definition) });
      const runner = this.#createRunner(id, definition, check.status);
      this.#runners.set(id, runner);
      runner.start();
      this.#antiEntropy.check(id);
      this.#persistCheck(id);
    }
    if (changed.length === 0) return;
    this.#local.changed();
    void this.#antiEntropy.sync();
  }

  #createRunner(
    id: string,
    definition: CheckDefinition,
    status: CheckStatus,
    restored?: StoredCheck,
  ): CheckRunner | TtlRunner {
    const { store, clock, random, checkOutputMaxSize } = this.#options;
    const spread = Math.min(definition.intervalMs, RESTART_SPREAD_MS);
    const around = {
      store,
      clock,
      node: this.node,
      outputMaxSize: checkOutputMaxSize,
      firstDelayMs: restored ? Math.floor(random() * spread) : FIRST_LOOK_MS,
      ...(restored ? { ttlLeftMs: Math.max(restored.expiresAtMs - clock.now(), 0) } : {}),
    };
    const place = this.#exposure.placeOf(id);
    const routed = place ? exposedDefinition(definition, place) : definition;
    return createCheckRunner(routed, id, status, around, (result) => this.#onResult(id, result));
  }

  #onResult(id: string, result: CheckResult): void {
    const check = this.#local.checks.get(id);
    if (check === undefined) return;
    if (result.status === 'critical') {
      if (!this.#criticalSince.has(id)) this.#criticalSince.set(id, this.#options.clock.now());
    } else this.#criticalSince.delete(id);
    const statusChanged = check.status !== result.status;
    if (!statusChanged && check.output === result.output) {
      if (check.type === 'ttl') this.#persistCheck(id);
      return;
    }
    this.#local.checks.set(id, { ...check, ...result });
    this.#persistCheck(id);
    this.#local.changed();
    if (statusChanged) this.#options.logger.info({ check: id, status: result.status }, 'check changed');
    if (statusChanged || check.type === 'ttl' || this.#options.checkUpdateIntervalMs === 0) this.#syncCheck(id);
    else this.#syncCheckLater(id);
  }

  #syncCheck(id: string): void {
    this.#deferred.get(id)?.();
    this.#deferred.delete(id);
    this.#antiEntropy.check(id);
    void this.#antiEntropy.sync();
  }

  #syncCheckLater(id: string): void {
    if (this.#deferred.has(id)) return;
    this.#deferred.set(
      id,
      this.#options.clock.after(this.#options.checkUpdateIntervalMs, () => this.#syncCheck(id)),
    );
  }

  #remove(id: string): void {
    for (const check of this.#local.checksOf(id)) this.#removeCheck(check.checkId);
    this.#local.services.delete(id);
    this.#serviceFolder?.remove(id);
    this.#antiEntropy.service(id);
  }

  #removeCheck(id: string): void {
    this.#runners.get(id)?.stop();
    this.#runners.delete(id);
    this.#definitions.delete(id);
    this.#criticalSince.delete(id);
    this.#deferred.get(id)?.();
    this.#deferred.delete(id);
    this.#local.checks.delete(id);
    this.#exposure.forget(id);
    this.#checkFolder?.remove(id);
    this.#antiEntropy.check(id);
  }

  #usedPorts(except: string): Set<number> {
    const ports = [...this.#local.services.values()].filter((service) => service.id !== sidecarId(except));
    return new Set(ports.map((service) => service.port));
  }

  #persistCheck(id: string): void {
    const definition = this.#definitions.get(id);
    const check = this.#local.checks.get(id);
    if (this.#checkFolder === undefined || definition === undefined || check === undefined) return;
    const expiresAtMs = this.#options.clock.now() + definition.ttlMs;
    const { status, output, exposedPort } = check;
    const exposed = exposedPort === 0 ? {} : { exposedPort };
    this.#checkFolder.save(id, { definition, status, output, expiresAtMs, ...exposed });
  }

  #restore(): void {
    const services = this.#serviceFolder?.load() ?? { values: [], problems: [] };
    const checks = this.#checkFolder?.load() ?? { values: [], problems: [] };
    for (const problem of [...services.problems, ...checks.problems]) this.#options.logger.warn({}, problem);
    for (const { definition } of services.values)
      if (!this.#local.services.has(definition.id)) this.#put(definition, false);
    for (const stored of checks.values) {
      const place = stored.definition.serviceId === '' ? 'own' : 'service';
      if (!this.#local.checks.has(stored.definition.checkId))
        this.#putCheck(stored.definition.checkId, stored.definition, place, stored);
    }
  }

  #scheduleReaper(): void {
    this.#cancelReaper = this.#options.clock.after(REAP_EVERY_MS, () => {
      void this.#reap().finally(() => this.#scheduleReaper());
    });
  }

  async #reap(): Promise<void> {
    const now = this.#options.clock.now();
    for (const [id, since] of [...this.#criticalSince]) {
      const definition = this.#definitions.get(id);
      if (
        !definition ||
        definition.deregisterCriticalServiceAfterMs <= 0 ||
        !this.#local.services.has(definition.serviceId)
      )
        continue;
      if (now - since < Math.max(definition.deregisterCriticalServiceAfterMs, SHORTEST_REAP_MS)) continue;
      this.#options.logger.info({ service: definition.serviceId, check: id }, 'deregistered: critical for too long');
      await this.deregisterService(definition.serviceId);
    }
  }
}

function serviceCheckId(service: ServiceDefinition, check: CheckDefinition, position: number, count: number): string {
  if (check.checkId !== '') return check.checkId;
  return count > 1 ? `service:${service.id}:${position + 1}` : `service:${service.id}`;
}

const unknownService = (id: string): AppError =>
  new AppError('notFound', `Unknown service ID "${id}". Ensure that the service ID is passed, not the service name.`);
const unknownCheck = (id: string): AppError =>
  new AppError('notFound', `Unknown check ID "${id}". Ensure that the check ID is passed, not the check name.`);
