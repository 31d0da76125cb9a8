import { AppError } from '../core/index.js';
import type { CheckDefinition, ServiceDefinition } from '../model/definitions/index.js';
import type { CheckStatus } from '../model/index.js';
import { checkProxy } from '../discovery/catalog/index.js';
import { AntiEntropy } from './anti-entropy.js';
import type { ExposingProxy } from './check-exposure.js';
import { dnsProblems } from './dns-names.js';
import type { LocalAgent, LocalCheck, LocalService, Origin } from './local-agent.js';
import type { LocalAgentOptions } from './local-agent-options.js';
import { LocalChecks } from './local-checks.js';
import { LocalState } from './local-state.js';
import { isMaintenance, maintenanceCheck, maintenanceId } from './maintenance.js';
import { createRecordFolder, type RecordFolder } from './persistence.js';
import { sidecarId, sidecarOf } from './sidecar.js';
import {
  readStoredMaintenance,
  readStoredService,
  type StoredCheck,
  type StoredMaintenance,
  type StoredService,
} from './stored-registrations.js';

const REAP_EVERY_MS = 30_000;

/** The local agent of a node. Restores what was persisted, starts its checks, and copies all of it into the catalog. */
export function createLocalAgent(options: LocalAgentOptions): StartableAgent {
  return new Agent(options);
}

/** A local agent in the hands of who runs it. */
export interface StartableAgent extends LocalAgent {
  start(): Promise<void>;
  /** Resolves when nothing is on its way into the catalog; nothing will be until `resumeCopying`, which compares everything. */
  pauseCopying(): Promise<void>;
  resumeCopying(): void;
}

class Agent implements StartableAgent {
  readonly node: string;
  readonly #options: LocalAgentOptions;
  readonly #local = new LocalState();
  readonly #registered = new Map<string, StoredService>();
  readonly #checks: LocalChecks;
  readonly #antiEntropy: AntiEntropy;
  readonly #serviceFolder: RecordFolder<StoredService> | undefined;
  readonly #maintenanceFolder: RecordFolder<StoredMaintenance> | undefined;
  #cancelReaper = (): void => undefined;
  #stopWatching = (): void => undefined;

  constructor(options: LocalAgentOptions) {
    this.#options = options;
    this.node = options.facts.node;
    const { catalog, clock, random, logger, dataDir } = options;
    const local = this.#local;
    const warn = (fields: object, text: string): void => logger.warn(fields, text);
    this.#antiEntropy = new AntiEntropy({ catalog, clock, random, local, warn });
    this.#checks = new LocalChecks({
      ...options,
      local,
      antiEntropy: this.#antiEntropy,
      usedPorts: () => this.#usedPorts(''),
    });
    if (dataDir === undefined) return;
    this.#serviceFolder = createRecordFolder(dataDir, 'services', readStoredService);
    this.#maintenanceFolder = createRecordFolder(dataDir, 'maintenance', readStoredMaintenance);
  }

  get services(): ReadonlyMap<string, LocalService> {
    return this.#local.services;
  }

  get checks(): ReadonlyMap<string, LocalCheck> {
    return this.#local.checks;
  }

  async start(): Promise<void> {
    this.#restore();
    await this.#copied();
    this.#checks.start();
    this.#stopWatching = this.#options.catalog.watchExposing((proxies) => this.#reroute(proxies));
    this.#scheduleReaper();
  }

  async registerService(
    definition: ServiceDefinition,
    { replaceExistingChecks }: { readonly replaceExistingChecks: boolean },
  ): Promise<void> {
    this.#register(definition, 'api', replaceExistingChecks);
    await this.#settle();
  }

  async deregisterService(id: string): Promise<void> {
    if (!this.#local.services.has(id)) throw unknownService(id);
    this.#removeService(id);
    await this.#settle();
  }

  async registerCheck(definition: CheckDefinition): Promise<void> {
    this.#registerCheck(definition, 'api');
    await this.#settle();
  }

  async deregisterCheck(id: string): Promise<void> {
    if (!this.#local.checks.has(id)) throw unknownCheck(id);
    this.#removeCheck(id);
    await this.#settle();
  }

  async configure({
    services,
    checks,
  }: {
    readonly services: readonly ServiceDefinition[];
    readonly checks: readonly CheckDefinition[];
  }): Promise<void> {
    const count = checks.length + services.reduce((sum, service) => sum + service.checks.length, 0);
    await this.#checks.together(count, async () => {
      const isOfNode = (check: CheckDefinition): boolean => check.serviceId === '';
      const current = new Set<string>();
      for (const check of checks.filter(isOfNode)) current.add(this.#registerCheck(check, 'file'));
      const known = services.flatMap((service) => this.#register(service, 'file', false));
      for (const { definition, checkIds } of known) for (const id of [definition.id, ...checkIds]) current.add(id);
      for (const check of checks.filter((given) => !isOfNode(given))) current.add(this.#registerCheck(check, 'file'));
      this.#removeUnconfigured(new Set(known.map(({ definition }) => definition.id)), current);
      await this.#settle();
    });
  }

  async updateTtlCheck(id: string, status: CheckStatus, output: string): Promise<void> {
    if (!this.#local.checks.has(id)) throw unknownCheck(id);
    this.#checks.push(id, { status, output });
    await this.#copied();
  }

  async setNodeMaintenance(enable: boolean, reason: string): Promise<void> {
    await this.#setMaintenance(enable, { serviceId: '', reason });
  }

  async setServiceMaintenance(id: string, enable: boolean, reason: string): Promise<void> {
    if (!this.#local.services.has(id)) throw unknownService(id);
    await this.#setMaintenance(enable, { serviceId: id, reason });
  }

  nextChange(signal: AbortSignal): Promise<void> {
    return this.#local.nextChange(signal);
  }

  pauseCopying(): Promise<void> {
    return this.#antiEntropy.pause();
  }

  resumeCopying(): void {
    this.#antiEntropy.resume();
  }

  async close(): Promise<void> {
    this.#cancelReaper();
    this.#stopWatching();
    this.#antiEntropy.close();
    this.#local.changed();
    await this.#checks.close();
  }

  /** What changed is told to all who wait, is in the catalog, and new checks begin. */
  async #settle(): Promise<void> {
    this.#local.changed();
    await this.#copied();
    this.#checks.start();
  }

  /** What changed is in the catalog; or that takes longer than a caller should wait, and goes on without him. */
  async #copied(): Promise<void> {
    const { clock, copyPatienceMs } = this.#options;
    const copied = this.#antiEntropy.sync();
    if (copyPatienceMs === undefined) return copied;
    let cancel = (): void => undefined;
    const patience = new Promise<void>((resolve) => {
      cancel = clock.after(copyPatienceMs, resolve);
    });
    await Promise.race([copied, patience]);
    cancel();
  }

  /** Everything that can be refused is looked at, and everything is written down, before anything changes. */
  #register(
    definition: ServiceDefinition,
    origin: Origin,
    replaceChecks: boolean,
  ): readonly { readonly definition: ServiceDefinition; readonly checkIds: readonly string[] }[] {
    checkProxy(definition.proxy);
    checkProxy(definition.sidecar?.proxy);
    const sidecar = sidecarOf(
      definition,
      this.#local.services.get(sidecarId(definition.id)),
      this.#usedPorts(definition.id),
      this.#options.sidecarPorts,
    );
    const services = sidecar ? [definition, sidecar] : [definition];
    const checks = services.map((service) => checksOf(service, origin));
    for (const check of checks.flat()) this.#checks.refuse(check);
    const stored = services.map((service) => storedService(service, origin, service === sidecar));
    for (const service of stored) this.#serviceFolder?.save(service.definition.id, service);
    for (const check of checks.flat()) this.#checks.save(check);
    for (const problem of dnsProblems(definition))
      this.#options.logger.warn({ service: definition.service, id: definition.id }, problem);
    return stored.map((service, position) => {
      const own = checks[position] ?? [];
      const checkIds = own.map((check) => check.definition.checkId);
      this.#put(service);
      if (replaceChecks)
        for (const { checkId } of this.#local.checksOf(service.definition.id))
          if (!checkIds.includes(checkId) && !isMaintenance(checkId)) this.#checks.remove(checkId);
      for (const check of own) this.#checks.put(check);
      return { definition: service.definition, checkIds };
    });
  }

  #registerCheck(definition: CheckDefinition, origin: Origin): string {
    if (definition.serviceId !== '' && !this.#local.services.has(definition.serviceId))
      throw new AppError('notFound', `ServiceID "${definition.serviceId}" does not exist`);
    const checkId = definition.checkId || definition.name;
    const check: StoredCheck = { definition: { ...definition, checkId }, origin, isOfService: false };
    this.#checks.refuse(check);
    this.#checks.save(check);
    this.#checks.put(check);
    return checkId;
  }

  #put(stored: StoredService): void {
    const { checks: _checks, token, sidecar: _sidecar, ...service } = stored.definition;
    this.#registered.set(service.id, stored);
    this.#local.tokens.ofService(service.id, token || this.#fileToken(stored.origin));
    this.#local.services.set(service.id, { ...service, node: this.node });
    this.#antiEntropy.service(service.id);
  }

  #fileToken(origin: Origin): string {
    return origin === 'file' ? (this.#options.fileToken?.() ?? '') : '';
  }

  /** Services and checks that the configuration had before and has no longer. */
  #removeUnconfigured(services: ReadonlySet<string>, checks: ReadonlySet<string>): void {
    for (const [id, { origin }] of [...this.#registered]) {
      if (origin !== 'file' || services.has(id)) continue;
      this.#options.logger.info({ service: id }, 'deregistered: it is no longer in the configuration');
      this.#removeService(id);
    }
    for (const id of this.#checks.configured()) if (!checks.has(id)) this.#removeCheck(id);
  }

  #removeService(id: string): void {
    const sidecar = sidecarId(id);
    const gone = this.#registered.get(sidecar)?.isManaged === true ? [sidecar, id] : [id];
    for (const each of gone) {
      for (const check of this.#local.checksOf(each)) this.#removeCheck(check.checkId);
      this.#registered.delete(each);
      this.#local.services.delete(each);
      this.#serviceFolder?.remove(each);
      this.#antiEntropy.service(each);
    }
  }

  #removeCheck(id: string): void {
    if (isMaintenance(id)) this.#maintenanceFolder?.remove(id);
    this.#checks.remove(id);
  }

  async #setMaintenance(enable: boolean, maintenance: StoredMaintenance): Promise<void> {
    const id = maintenanceId(maintenance.serviceId);
    if (enable === this.#local.checks.has(id)) return;
    if (enable) {
      this.#maintenanceFolder?.save(id, maintenance);
      this.#maintain(maintenance);
    } else this.#removeCheck(id);
    const subject = maintenance.serviceId === '' ? {} : { service: maintenance.serviceId };
    this.#options.logger.info(subject, enable ? 'maintenance begins' : 'maintenance ends');
    await this.#settle();
  }

  #maintain({ serviceId, reason }: StoredMaintenance): void {
    const service = this.#local.services.get(serviceId);
    if (serviceId !== '' && service === undefined) return;
    const check = maintenanceCheck(this.node, service, reason);
    this.#local.checks.set(check.checkId, check);
    this.#antiEntropy.check(check.checkId);
  }

  #usedPorts(except: string): Set<number> {
    const ports = [...this.#local.services.values()].filter((service) => service.id !== sidecarId(except));
    return new Set(ports.map((service) => service.port));
  }

  #reroute(proxies: readonly ExposingProxy[]): void {
    if (!this.#checks.reroute(proxies)) return;
    this.#local.changed();
    void this.#antiEntropy.sync();
  }

  #restore(): void {
    const services = this.#serviceFolder?.load() ?? { values: [], problems: [] };
    const maintenance = this.#maintenanceFolder?.load() ?? { values: [], problems: [] };
    for (const problem of [...services.problems, ...maintenance.problems]) this.#options.logger.warn({}, problem);
    for (const stored of services.values) this.#put(stored);
    this.#checks.restore();
    for (const stored of maintenance.values) this.#maintain(stored);
  }

  #scheduleReaper(): void {
    this.#cancelReaper = this.#options.clock.after(REAP_EVERY_MS, () => {
      void this.#reap().finally(() => this.#scheduleReaper());
    });
  }

  async #reap(): Promise<void> {
    for (const [service, check] of this.#checks.overdue()) {
      if (!this.#local.services.has(service)) continue;
      this.#options.logger.info({ service, check }, 'deregistered: critical for too long');
      await this.deregisterService(service);
    }
  }
}

const storedService = (definition: ServiceDefinition, origin: Origin, isManaged: boolean): StoredService => ({
  definition: { ...definition, checks: [] },
  origin,
  isManaged,
});

/** The checks of a service, with the IDs and names that those without have (consul-behaviour 2.2). */
function checksOf(service: ServiceDefinition, origin: Origin): readonly StoredCheck[] {
  const { checks } = service;
  return checks.map((check, position) => {
    const usual = checks.length > 1 ? `service:${service.id}:${position + 1}` : `service:${service.id}`;
    const checkId = check.checkId === '' ? usual : check.checkId;
    const name = check.name === '' ? `Service '${service.service}' check` : check.name;
    return { definition: { ...check, checkId, name, serviceId: service.id }, origin, isOfService: true };
  });
}

const unknownService = (id: string): AppError =>
  new AppError('notFound', `Unknown service ID "${id}". Ensure that the service ID is passed, not the service name.`);
const unknownCheck = (id: string): AppError =>
  new AppError('notFound', `Unknown check ID "${id}". Ensure that the check ID is passed, not the check name.`);
