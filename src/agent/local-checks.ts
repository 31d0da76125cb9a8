import { AppError, deepEqual, formatDurationMs } from '../core/index.js';
import { type CheckDefinition, checkKind } from '../model/definitions/index.js';
import type { CheckStatus } from '../model/index.js';
import { watchLocalHealth } from './aliased-health.js';
import type { AntiEntropy } from './anti-entropy.js';
import { CheckExposure, type ExposingProxy } from './check-exposure.js';
import { CheckStates } from './check-states.js';
import {
  type Aliased,
  type CheckResult,
  type CheckRunner,
  createCheckRunner,
  createGate,
  type TtlRunner,
} from './checks/index.js';
import { refuseCommands } from './command-rule.js';
import { exposable, exposedDefinition } from './exposed-definition.js';
import type { LocalCheck } from './local-agent.js';
import type { LocalAgentOptions } from './local-agent-options.js';
import type { LocalState } from './local-state.js';
import { createRecordFolder, type RecordFolder } from './persistence.js';
import { readStoredCheck, type StoredCheck, type StoredCheckState } from './stored-registrations.js';

/** A new check looks after a moment, so that what is registered together is looked at once it stands. */
const FIRST_LOOK_MS = 100;
/** Checks that begin together do so over a time that grows with their number, up to their interval or this. */
const SPREAD_PER_CHECK_MS = 10;
const LONGEST_SPREAD_MS = 30_000;
/** Commands of checks that run at a time; more wait for a place. */
const MOST_COMMANDS = 16;
const SHORTEST_REAP_MS = 60_000;

export interface LocalChecksOptions extends LocalAgentOptions {
  readonly local: LocalState;
  readonly antiEntropy: AntiEntropy;
  /** Ports that services of this node have. */
  readonly usedPorts: () => ReadonlySet<number>;
}

/** The checks of this node: their definitions, what runs them, their last results, and all of it in the data directory. */
export class LocalChecks {
  readonly #options: LocalChecksOptions;
  readonly #registered = new Map<string, StoredCheck>();
  readonly #runners = new Map<string, CheckRunner | TtlRunner>();
  readonly #waiting = new Set<string>();
  readonly #criticalSince = new Map<string, number>();
  readonly #expiresAt = new Map<string, number>();
  readonly #deferred = new Map<string, () => void>();
  readonly #exposure: CheckExposure;
  readonly #folder: RecordFolder<StoredCheck> | undefined;
  readonly #states: CheckStates | undefined;
  readonly #commands = createGate(MOST_COMMANDS);
  /** How many begin together now; 0 = each for itself. */
  #crowd = 0;

  constructor(options: LocalChecksOptions) {
    this.#options = options;
    const { dataDir, clock, logger } = options;
    this.#exposure = new CheckExposure(options.exposePorts, (text) => logger.warn({}, text));
    if (dataDir === undefined) return;
    this.#folder = createRecordFolder(dataDir, 'checks', readStoredCheck);
    this.#states = new CheckStates({ dataDir, clock, logger, stateOf: (id) => this.#stateOf(id) });
  }

  /** Checks whose definitions stand in the agent's configuration. */
  configured(): readonly string[] {
    return [...this.#registered].filter(([, { origin }]) => origin === 'file').map(([id]) => id);
  }

  /** Throws AppError('invalidArgument') for a check that the configuration does not allow to come from there. */
  refuse({ definition, origin }: StoredCheck): void {
    refuseCommands(definition, origin, this.#options.commandChecks);
  }

  /** Writes a definition down before it is put to use. Throws AppError('unavailable'). */
  save(check: StoredCheck): void {
    this.#folder?.save(check.definition.checkId, check);
  }

  /**
   * Puts a definition to use. What was known about the check stays; an equal one goes on undisturbed, but the TTL of one that
   * somebody registers again begins again.
   */
  put(check: StoredCheck): void {
    const { definition } = check;
    const { checkId: id, status } = definition;
    const isEqual = deepEqual(this.#registered.get(id)?.definition, definition);
    const isSame = isEqual && (check.origin === 'file' || checkKind(definition) !== 'ttl');
    this.#use(check, this.#options.local.checks.get(id) ?? { status: status || 'critical', output: '' });
    if (!isSame || !this.#runners.has(id)) this.#run(id);
  }

  remove(id: string): void {
    this.#runners.get(id)?.stop();
    this.#deferred.get(id)?.();
    const { local, antiEntropy } = this.#options;
    for (const known of [this.#runners, this.#registered, this.#criticalSince, this.#expiresAt, this.#deferred])
      known.delete(id);
    this.#waiting.delete(id);
    local.checks.delete(id);
    this.#exposure.forget(id);
    this.#folder?.remove(id);
    this.#states?.forget(id);
    antiEntropy.check(id);
  }

  /** Brings back what the data directory has; nothing runs yet. Needs the services. */
  restore(): void {
    const { local, logger } = this.#options;
    const stored = this.#folder?.load() ?? { values: [], problems: [] };
    const states = this.#states?.load() ?? { values: [], problems: [] };
    for (const problem of [...stored.problems, ...states.problems]) logger.warn({}, problem);
    const stateOf = new Map(states.values.map((state) => [state.checkId, state]));
    this.#crowd = stored.values.length;
    for (const check of stored.values) {
      const { checkId: id, serviceId } = check.definition;
      if (serviceId === '' || local.services.has(serviceId)) this.#restoreOne(check, stateOf.get(id));
      else {
        logger.warn({ check: id, service: serviceId }, 'a check of the data directory goes: its service is not there');
        this.remove(id);
      }
    }
    this.#crowd = 0;
  }

  /** While `task` runs, `count` checks begin, spread over some time. */
  async together(count: number, task: () => Promise<void>): Promise<void> {
    this.#crowd = count;
    try {
      await task();
    } finally {
      this.#crowd = 0;
    }
  }

  /** Starts what does not run yet. */
  start(): void {
    for (const id of this.#waiting) this.#runners.get(id)?.start();
    this.#waiting.clear();
  }

  /** The application says how it is. AppError('internal') when it is not asked. */
  push(id: string, result: CheckResult): void {
    const runner = this.#runners.get(id);
    if (runner === undefined || !('update' in runner))
      throw new AppError('internal', `CheckID "${id}" does not have associated TTL`);
    this.#expiresAt.set(id, this.#options.clock.now() + (this.#registered.get(id)?.definition.ttlMs ?? 0));
    this.#states?.note(id);
    runner.update(result);
  }

  /**
   * Checks go through the proxies that expose them now, and straight to the application where none does any more. Returns whether
   * that changed anything.
   */
  reroute(proxies: readonly ExposingProxy[]): boolean {
    const { local, usedPorts, antiEntropy } = this.#options;
    const definitions = new Map([...this.#registered].map(([id, { definition }]) => [id, definition]));
    const changed = this.#exposure.learn(proxies, definitions, usedPorts());
    for (const id of changed) {
      const definition = definitions.get(id);
      const check = local.checks.get(id);
      if (definition === undefined || check === undefined) continue;
      const { exposed: _before, ...kept } = check;
      local.checks.set(id, { ...kept, ...this.#exposureOf(id, definition) });
      this.#run(id);
      antiEntropy.check(id);
      this.#states?.note(id);
    }
    this.start();
    return changed.length > 0;
  }

  /** Services whose check has been critical for longer than it may be, each with that check. */
  overdue(): ReadonlyMap<string, string> {
    const now = this.#options.clock.now();
    const found = new Map<string, string>();
    for (const [id, since] of this.#criticalSince) {
      const definition = this.#registered.get(id)?.definition;
      if (definition === undefined || definition.serviceId === '') continue;
      const afterMs = definition.deregisterCriticalServiceAfterMs;
      if (afterMs > 0 && now - since >= Math.max(afterMs, SHORTEST_REAP_MS)) found.set(definition.serviceId, id);
    }
    return found;
  }

  /** Ends all checks at once; resolves when their states are written down. */
  async close(): Promise<void> {
    for (const cancel of this.#deferred.values()) cancel();
    for (const runner of this.#runners.values()) runner.stop();
    await this.#states?.close();
  }

  #restoreOne(check: StoredCheck, state: StoredCheckState | undefined): void {
    const { checkId: id, status } = check.definition;
    try {
      this.refuse(check);
    } catch (thrown) {
      const reason = AppError.from(thrown).message;
      this.#options.logger.warn({ check: id }, `a check of the data directory is left out: ${reason}`);
      return;
    }
    this.#use(check, state ?? { status: status || 'critical', output: '' }, state?.exposedPort);
    if (state && state.criticalSinceMs > 0) this.#criticalSince.set(id, state.criticalSinceMs);
    this.#run(id, state);
  }

  /** The check as it is shown. */
  #use(
    check: StoredCheck,
    { status, output }: { readonly status: CheckStatus; readonly output: string },
    usualPort?: number,
  ): void {
    const { definition, isOfService } = check;
    const { facts, local, usedPorts, antiEntropy } = this.#options;
    const id = definition.checkId;
    const service = local.services.get(definition.serviceId);
    const shown = (ms: number): string => (ms === 0 && isOfService ? '' : formatDurationMs(ms));
    this.#registered.set(id, check);
    const token = definition.token || (check.origin === 'file' ? (this.#options.fileToken?.() ?? '') : '');
    local.tokens.ofCheck(id, { serviceId: definition.serviceId, token });
    this.#exposure.decide(id, definition, usedPorts(), usualPort || undefined);
    local.checks.set(id, {
      node: facts.node,
      checkId: id,
      name: definition.name,
      status,
      notes: definition.notes,
      output,
      serviceId: definition.serviceId,
      serviceName: service?.service ?? '',
      serviceTags: service?.tags ?? [],
      type: checkKind(definition),
      interval: shown(definition.intervalMs),
      timeout: shown(definition.timeoutMs),
      ...this.#exposureOf(id, definition),
      definition: {},
    });
    antiEntropy.check(id);
    this.#states?.note(id);
  }

  /** What the catalog is told about the way of a check, so that the proxy opens a listener for it. */
  #exposureOf(id: string, definition: CheckDefinition): Pick<LocalCheck, 'exposedPort' | 'exposed'> {
    const place = this.#exposure.placeOf(id);
    const exposed = place && exposable(definition);
    return { exposedPort: place?.port ?? 0, ...(exposed ? { exposed } : {}) };
  }

  /** Another runner instead of the one there is; it begins at the next `start`. */
  #run(id: string, restored?: StoredCheckState): void {
    this.#runners.get(id)?.stop();
    const definition = this.#registered.get(id)?.definition;
    if (definition === undefined) return;
    const { catalog, clock, facts, local, checkOutputMaxSize, checkTls } = this.#options;
    const ttlLeftMs = restored ? Math.max(restored.expiresAtMs - clock.now(), 0) : definition.ttlMs;
    this.#expiresAt.set(id, clock.now() + ttlLeftMs);
    const around = {
      watchAliased: (aliased: Aliased, ownId: string, listener: (result: CheckResult) => void) =>
        aliased.node === facts.node
          ? watchLocalHealth(local, aliased, ownId, (other) => this.#mirroredHere(other), listener)
          : catalog.watchHealth(aliased, listener),
      clock,
      node: facts.node,
      outputMaxSize: checkOutputMaxSize,
      tls: checkTls,
      firstDelayMs: this.#firstDelayMs(definition),
      commands: this.#commands,
      ...(restored ? { before: { ttlLeftMs, output: restored.output } } : {}),
    };
    const place = this.#exposure.placeOf(id);
    const routed = place ? exposedDefinition(definition, place) : definition;
    const status = local.checks.get(id)?.status ?? 'critical';
    const sink = (result: CheckResult): void => this.#onResult(id, result);
    this.#runners.set(id, createCheckRunner(routed, id, status, around, sink));
    this.#waiting.add(id);
  }

  #mirroredHere(id: string): Aliased | undefined {
    const definition = this.#registered.get(id)?.definition;
    const { node } = this.#options.facts;
    if (definition === undefined || checkKind(definition) !== 'alias') return undefined;
    return [node, ''].includes(definition.aliasNode) ? { node, serviceId: definition.aliasService } : undefined;
  }

  #firstDelayMs({ intervalMs }: CheckDefinition): number {
    if (this.#crowd === 0) return FIRST_LOOK_MS;
    const spreadMs = Math.min(intervalMs, this.#crowd * SPREAD_PER_CHECK_MS, LONGEST_SPREAD_MS);
    return FIRST_LOOK_MS + Math.floor(this.#options.random() * spreadMs);
  }

  #onResult(id: string, given: CheckResult): void {
    const { local, clock, logger, checkUpdateIntervalMs, discardCheckOutput } = this.#options;
    const check = local.checks.get(id);
    if (check === undefined) return;
    const result = discardCheckOutput ? { ...given, output: '' } : given;
    if (result.status !== 'critical') this.#criticalSince.delete(id);
    else if (!this.#criticalSince.has(id)) this.#criticalSince.set(id, clock.now());
    const statusChanged = check.status !== result.status;
    if (!statusChanged && check.output === result.output) return;
    local.checks.set(id, { ...check, ...result });
    this.#states?.note(id);
    local.changed();
    if (statusChanged) logger.info({ check: id, status: result.status }, 'check changed');
    if (statusChanged || check.type === 'ttl' || checkUpdateIntervalMs === 0) this.#sync(id);
    else this.#syncLater(id);
  }

  #sync(id: string): void {
    this.#deferred.get(id)?.();
    this.#deferred.delete(id);
    this.#options.antiEntropy.check(id);
    void this.#options.antiEntropy.sync();
  }

  #syncLater(id: string): void {
    if (this.#deferred.has(id)) return;
    const { clock, checkUpdateIntervalMs } = this.#options;
    this.#deferred.set(
      id,
      clock.after(checkUpdateIntervalMs, () => this.#sync(id)),
    );
  }

  #stateOf(id: string): StoredCheckState | undefined {
    const check = this.#options.local.checks.get(id);
    if (check === undefined || !this.#registered.has(id)) return undefined;
    const { status, output, exposedPort } = check;
    const expiresAtMs = this.#expiresAt.get(id) ?? 0;
    const criticalSinceMs = this.#criticalSince.get(id) ?? 0;
    return { checkId: id, status, output, expiresAtMs, criticalSinceMs, exposedPort };
  }
}
