import type { CheckStatus } from '../model/index.js';
import { type CheckDefinition, emptyCheck, type ServiceDefinition } from '../model/definitions/index.js';
import type { Origin } from './local-agent.js';

/** A service as kept in the data directory; its checks have files of their own. */
export interface StoredService {
  readonly definition: ServiceDefinition;
  readonly origin: Origin;
  /** The sidecar that the agent made for another service. */
  readonly isManaged: boolean;
}

export interface StoredCheck {
  /** Its `checkId` is never empty. */
  readonly definition: CheckDefinition;
  readonly origin: Origin;
  /** It was defined inside its service. */
  readonly isOfService: boolean;
}

/** The last state of a check. */
export interface StoredCheckState {
  readonly checkId: string;
  readonly status: CheckStatus;
  readonly output: string;
  /** When a TTL runs out, ms since the epoch. */
  readonly expiresAtMs: number;
  /** Since when it is critical, ms since the epoch; 0 = it is not. */
  readonly criticalSinceMs: number;
  /** The port by which it goes or went through a proxy; 0 = it never did. */
  readonly exposedPort: number;
}

export interface StoredMaintenance {
  /** Empty = the node. */
  readonly serviceId: string;
  readonly reason: string;
}

const SERVICE_SHAPE = {
  kind: '',
  id: '',
  service: '',
  tags: [],
  address: '',
  port: 0,
  socketPath: '',
  taggedAddresses: {},
  meta: {},
  weights: {},
  enableTagOverride: false,
  connect: {},
  token: '',
};
const STATE_SHAPE = { checkId: '', status: '', output: '', expiresAtMs: 0, criticalSinceMs: 0, exposedPort: 0 };
const STATUSES: readonly unknown[] = ['passing', 'warning', 'critical'];

/** What a file holds, or an Error that says why it cannot be a service. */
export function readStoredService(stored: unknown): StoredService {
  const { definition, origin, isManaged } = record(stored, 'the file');
  const service = { ...withShape(definition, SERVICE_SHAPE, 'definition'), checks: [] } as unknown as ServiceDefinition;
  if (service.id === '' || service.service === '') throw new Error('a service without ID or name');
  return { definition: service, origin: originOf(origin), isManaged: isManaged === true };
}

/** What a file holds, or an Error that says why it cannot be a check. Fields of a later version have their defaults. */
export function readStoredCheck(stored: unknown): StoredCheck {
  const { definition, origin, isOfService } = record(stored, 'the file');
  const given = record(definition, 'definition');
  const check = withShape({ ...emptyCheck, ...given }, emptyCheck, 'definition') as unknown as CheckDefinition;
  if (check.checkId === '') throw new Error('a check without ID');
  return { definition: check, origin: originOf(origin), isOfService: isOfService === true };
}

export function readStoredState(stored: unknown): StoredCheckState {
  const state = withShape(stored, STATE_SHAPE, 'the file') as unknown as StoredCheckState;
  if (!STATUSES.includes(state.status)) throw new Error(`"${String(state.status)}" is not the status of a check`);
  return state;
}

export function readStoredMaintenance(stored: unknown): StoredMaintenance {
  return withShape(stored, { serviceId: '', reason: '' }, 'the file') as unknown as StoredMaintenance;
}

const originOf = (given: unknown): Origin => (given === 'file' ? 'file' : 'api');

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`${what} is not an object`);
}

function withShape(value: unknown, shape: object, what: string): Record<string, unknown> {
  const given = record(value, what);
  for (const [name, example] of Object.entries(shape) as [string, unknown][])
    if (typeOf(given[name]) !== typeOf(example)) throw new Error(`${name} is not ${typeOf(example)}`);
  return given;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return value === null ? 'null' : typeof value;
}
