import type { CheckRecord, CheckStatus, Draft, ServiceRecord } from '../model/index.js';
import type { CheckDefinition, ServiceDefinition } from '../model/definitions/index.js';

export type LocalService = Draft<ServiceRecord>;
export type LocalCheck = Draft<CheckRecord>;

/** Where a definition came from: somebody asked for it, or it stands in the agent's configuration. */
export type Origin = 'api' | 'file';

/** The services and checks of this node: the source of truth that anti-entropy copies into the catalog. */
export interface LocalAgent {
  readonly node: string;
  readonly services: ReadonlyMap<string, LocalService>;
  readonly checks: ReadonlyMap<string, LocalCheck>;

  /**
   * Registers or replaces a service, its checks and its nested sidecar. Resolves when the catalog has it. Checks that are
   * registered again keep their status. Throws AppError('invalidArgument' | 'conflict' | 'unavailable'); then nothing is changed.
   */
  registerService(definition: ServiceDefinition, options: { readonly replaceExistingChecks: boolean }): Promise<void>;
  /** Removes a service with its checks and its managed sidecar. AppError('notFound') when unknown. */
  deregisterService(id: string): Promise<void>;
  registerCheck(definition: CheckDefinition): Promise<void>;
  deregisterCheck(id: string): Promise<void>;
  /**
   * What the agent's configuration says, at the start and at every reload: services and checks that stood there before and do not
   * any more go. Throws as `registerService`.
   */
  configure(configured: {
    readonly services: readonly ServiceDefinition[];
    readonly checks: readonly CheckDefinition[];
  }): Promise<void>;
  /** Result of a TTL check, pushed by the application. AppError('notFound') when unknown, ('internal') when not a TTL check. */
  updateTtlCheck(id: string, status: CheckStatus, output: string): Promise<void>;
  /** Maintenance lasts until it is ended, over restarts and registrations. */
  setNodeMaintenance(enable: boolean, reason: string): Promise<void>;
  setServiceMaintenance(id: string, enable: boolean, reason: string): Promise<void>;

  /** Resolves at the next change of local services or checks, or when the signal aborts. */
  nextChange(signal: AbortSignal): Promise<void>;
  /** Stops all checks; what was registered stays persisted. */
  close(): Promise<void>;
}
