import { type ServiceError, status } from '@grpc/grpc-js';
import { AppError } from '../../../../core/index.js';

/** Answers that etcd gives before a write is proposed, or when it was refused as a whole: certainly nothing was changed. */
const NOTHING_CHANGED = new Set<status>([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
  status.UNIMPLEMENTED,
]);

/** A call to etcd that failed. */
export class EtcdError extends Error {
  override readonly name = 'EtcdError';
  readonly code: status;
  readonly endpoint: string;

  constructor(code: status, details: string, endpoint: string) {
    super(details.replace(/^etcdserver: /, ''));
    this.code = code;
    this.endpoint = endpoint;
  }

  static from(thrown: unknown, endpoint: string): EtcdError {
    if (thrown instanceof EtcdError) return thrown;
    const { code = status.UNKNOWN, details = String(thrown) } = thrown as Partial<ServiceError>;
    return new EtcdError(code, details, endpoint);
  }

  /** Certainly nothing was written; otherwise nobody knows yet. */
  get changedNothing(): boolean {
    if (NOTHING_CHANGED.has(this.code)) return true;
    if (this.code === status.RESOURCE_EXHAUSTED) return this.isNoSpace || /too many requests/.test(this.message);
    if (this.code === status.DEADLINE_EXCEEDED) return /Waiting for LB pick/.test(this.message); // never sent
    return this.code === status.UNAVAILABLE && /^(No connection established|Name resolution failed)/.test(this.message);
  }

  get isNoSpace(): boolean {
    return /database space exceeded/.test(this.message);
  }

  get isCompacted(): boolean {
    return this.code === status.OUT_OF_RANGE && /compacted/.test(this.message);
  }

  /** The token is missing, expired, or of a time before the users were changed. */
  get needsNewToken(): boolean {
    return (
      this.code === status.UNAUTHENTICATED ||
      (this.code === status.INVALID_ARGUMENT && /revision of auth store is old|user name is empty/.test(this.message))
    );
  }

  /** Another endpoint may do better. */
  get isOfEndpoint(): boolean {
    return [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.UNKNOWN, status.INTERNAL, status.CANCELLED].includes(
      this.code,
    );
  }

  /** What a person is told: one sentence with what to do. */
  toAppError(): AppError {
    return new AppError(...this.#sentence(), { cause: this });
  }

  #sentence(): ['unavailable' | 'tooLarge' | 'busy', string] {
    const { code, endpoint, message } = this;
    if (this.isNoSpace)
      return [
        'unavailable',
        'etcd has no space left and takes no writes (alarm NOSPACE); reads go on: compact and defragment it or raise --quota-backend-bytes, then disarm the alarm.',
      ];
    if (/request is too large/.test(message))
      return [
        'tooLarge',
        'The write is larger than etcd takes: make it smaller, or raise --max-request-bytes of etcd.',
      ];
    if (/too many requests/.test(message)) return ['busy', 'etcd has too many requests to work on: try again later.'];
    if (code === status.PERMISSION_DENIED)
      return ['unavailable', 'The etcd user may not read and write the prefix: grant its role readwrite on it.'];
    if (code === status.UNAUTHENTICATED || /authentication failed|user name is empty/.test(message))
      return ['unavailable', 'etcd does not accept the username and password: check state.etcd in the configuration.'];
    if (this.isOfEndpoint)
      return ['unavailable', `etcd at ${endpoint} does not answer (${reason(message)}): try again later.`];
    return ['unavailable', `etcd at ${endpoint} refused a request: ${message}`];
  }
}

/** A member's linearizable answer is older than what is known to exist: it is behind, or etcd was restored from an older copy. */
export class MemberBehind extends EtcdError {
  constructor(endpoint: string, revision: number, known: number) {
    super(
      status.UNAVAILABLE,
      `it answers with revision ${revision} after ${known} was seen: it is behind, or was restored from an older copy`,
      endpoint,
    );
  }
}

/** A majority took a transaction at a revision that had been passed before: etcd was restored from an older copy. */
export class WentBack extends EtcdError {
  /** Whether the conditions of the transaction held: what it writes is in the restored etcd. */
  readonly hasSucceeded: boolean;

  constructor(endpoint: string, hasSucceeded: boolean) {
    super(status.UNAVAILABLE, 'it was restored from an older copy', endpoint);
    this.hasSucceeded = hasSucceeded;
  }

  override toAppError(): AppError {
    return restored(this);
  }
}

/** The error for what was evaluated, or asked for, before etcd was restored from an older copy. */
export const restored = (cause?: EtcdError): AppError =>
  new AppError('unavailable', 'etcd was restored from an older copy: the state is read anew; try again in a moment.', {
    cause,
  });

const reason = (message: string): string => (message.startsWith('Deadline exceeded') ? 'time is up' : message);
