import { type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { AppError } from '../../../../core/index.js';
import {
  type AlarmResponse,
  etcdServices,
  type RangeRequest,
  type RangeResponse,
  type ResponseHeader,
  type StatusResponse,
  type TxnRequest,
  type TxnResponse,
  type WatchResponse,
} from './api.js';
import { type Endpoint, Endpoints } from './endpoints.js';
import { EtcdError } from './etcd-error.js';
import type { EtcdConnection } from './options.js';

const ATTEMPT_MS = 3000;
const READ_BUDGET_MS = 8000;
const WRITE_MS = 4000;
const FIRST_PAUSE_MS = 30;
const LONGEST_PAUSE_MS = 500;

type ServiceName = keyof ReturnType<typeof etcdServices>;
type Answer = { readonly header: ResponseHeader | null };
export type WatchStream = ClientDuplexStream<object, WatchResponse>;

/** What a client needs besides addresses; `now` in ms. */
export interface EtcdClientParts {
  readonly now: () => number;
  readonly pause: (delayMs: number) => Promise<void>;
}

/**
 * A thin client of etcd's v3 API. Every call has a deadline. Reads go to another endpoint when one fails; a transaction is sent
 * once, because after a failure nobody knows whether it was applied: EtcdError.changedNothing tells. Answers of a cluster other
 * than the first that answered are refused.
 */
export class EtcdClient {
  readonly endpoints: Endpoints;
  readonly #parts: EtcdClientParts;
  readonly #login: EtcdConnection['login'];
  #clusterId: string | undefined;
  #token: Promise<string> | undefined;
  #closed = false;

  constructor(connection: EtcdConnection, parts: EtcdClientParts) {
    this.endpoints = new Endpoints(connection);
    this.#login = connection.login;
    this.#parts = parts;
  }

  /** The cluster all answers come from; undefined before the first. */
  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** A linearizable read. `accept` may refuse an answer (by throwing EtcdError): another endpoint is asked. */
  range(request: RangeRequest, accept: (answer: RangeResponse) => void = () => undefined): Promise<RangeResponse> {
    return this.#read('KV', 'Range', request, accept);
  }

  /** A transaction that only reads. */
  readTxn(request: TxnRequest): Promise<TxnResponse> {
    return this.#read('KV', 'Txn', request, () => undefined);
  }

  /** Sends a transaction once. Throws EtcdError. */
  async txn(request: TxnRequest): Promise<TxnResponse> {
    const endpoint = this.endpoints.first;
    try {
      return await this.#authenticated<TxnResponse>(endpoint, 'KV', 'Txn', request, WRITE_MS);
    } catch (thrown) {
      throw this.#note(endpoint, thrown);
    }
  }

  /** Forgets what is older than the revision. */
  async compact(revision: number): Promise<void> {
    await this.#read('KV', 'Compact', { revision }, () => undefined);
  }

  status(endpoint: Endpoint): Promise<StatusResponse> {
    return this.#authenticated(endpoint, 'Maintenance', 'Status', {}, ATTEMPT_MS);
  }

  alarms(): Promise<AlarmResponse> {
    return this.#read('Maintenance', 'Alarm', { action: 'GET' }, () => undefined);
  }

  /** Opens the stream for a watch at the endpoint. The member ends it when it loses its leader. */
  async openWatch(endpoint: Endpoint): Promise<WatchStream> {
    const metadata = await this.#metadata(endpoint);
    metadata.set('hasleader', 'true');
    const method = methodOf('Watch', 'Watch');
    return endpoint.client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize as (bytes: Buffer) => WatchResponse,
      metadata,
    );
  }

  /** Throws EtcdError when the answer is of another cluster than those before. */
  checkCluster(header: ResponseHeader | null, endpoint: Endpoint): void {
    const id = header?.cluster_id;
    if (!id || id === '0') return;
    this.#clusterId ??= id;
    if (id === this.#clusterId) return;
    throw new EtcdError(
      status.UNAVAILABLE,
      `it belongs to cluster ${hexId(id)}, not to ${hexId(this.#clusterId)} that holds the state`,
      endpoint.name,
    );
  }

  /** The token is not accepted any more: the next call asks for a new one. */
  forgetToken(): void {
    this.#token = undefined;
  }

  close(): void {
    this.#closed = true;
    this.endpoints.close();
  }

  async #read<Response extends Answer>(
    service: ServiceName,
    name: string,
    request: object,
    accept: (answer: Response) => void,
  ): Promise<Response> {
    const until = this.#parts.now() + READ_BUDGET_MS;
    let pauseMs = FIRST_PAUSE_MS;
    for (let attempt = 1; ; attempt += 1) {
      const endpoint = this.endpoints.first;
      try {
        const leftMs = Math.max(1, Math.min(ATTEMPT_MS, until - this.#parts.now()));
        const answer = await this.#authenticated<Response>(endpoint, service, name, request, leftMs);
        accept(answer);
        return answer;
      } catch (thrown) {
        const error = this.#note(endpoint, thrown);
        if (!error.isOfEndpoint || this.#closed || this.#parts.now() + pauseMs >= until) throw error;
        if (attempt % this.endpoints.all.length === 0) {
          await this.#parts.pause(pauseMs);
          pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
        }
      }
    }
  }

  #note(endpoint: Endpoint, thrown: unknown): EtcdError {
    const error = EtcdError.from(thrown, endpoint.name);
    if (error.isOfEndpoint) this.endpoints.failed(endpoint);
    return error;
  }

  async #authenticated<Response extends Answer>(
    endpoint: Endpoint,
    service: ServiceName,
    name: string,
    request: object,
    timeoutMs: number,
  ): Promise<Response> {
    try {
      return await this.#call(endpoint, service, name, request, timeoutMs);
    } catch (thrown) {
      if (!(thrown instanceof EtcdError) || !thrown.needsNewToken || !this.#login) throw thrown;
      this.forgetToken();
      return this.#call(endpoint, service, name, request, timeoutMs);
    }
  }

  async #call<Response extends Answer>(
    endpoint: Endpoint,
    service: ServiceName,
    name: string,
    request: object,
    timeoutMs: number,
  ): Promise<Response> {
    const answer = await unary<Response>(endpoint, service, name, request, await this.#metadata(endpoint), timeoutMs);
    this.checkCluster(answer.header, endpoint);
    return answer;
  }

  async #metadata(endpoint: Endpoint): Promise<Metadata> {
    const metadata = new Metadata();
    const login = this.#login;
    if (!login) return metadata;
    const token = (this.#token ??= this.#authenticate(endpoint, login));
    try {
      metadata.set('token', await token);
    } catch (thrown) {
      if (this.#token === token) this.#token = undefined;
      throw thrown;
    }
    return metadata;
  }

  async #authenticate(endpoint: Endpoint, login: NonNullable<EtcdConnection['login']>): Promise<string> {
    const request = { name: login.username, password: login.password };
    const { token } = await unary<Answer & { token: string }>(
      endpoint,
      'Auth',
      'Authenticate',
      request,
      new Metadata(),
      ATTEMPT_MS,
    );
    return token;
  }
}

/** A cluster or member id as etcdctl writes it. */
export const hexId = (id: string): string => BigInt(id).toString(16);

/** The error of an engine's caller for whatever a call threw. */
export function appErrorOf(thrown: unknown): AppError {
  return thrown instanceof EtcdError ? thrown.toAppError() : AppError.from(thrown);
}

function methodOf(service: ServiceName, name: string) {
  return etcdServices()[service][name] as NonNullable<ReturnType<typeof etcdServices>[ServiceName][string]>;
}

function unary<Response>(
  endpoint: Endpoint,
  service: ServiceName,
  name: string,
  request: object,
  metadata: Metadata,
  timeoutMs: number,
): Promise<Response> {
  const { path, requestSerialize, responseDeserialize } = methodOf(service, name);
  const deserialize = responseDeserialize as (bytes: Buffer) => Response;
  return new Promise((resolve, reject) => {
    const done = (error: ServiceError | null, answer?: Response): void => {
      if (error) reject(EtcdError.from(error, endpoint.name));
      else resolve(answer as Response);
    };
    const deadline = new Date(Date.now() + timeoutMs);
    endpoint.client.makeUnaryRequest(path, requestSerialize, deserialize, request, metadata, { deadline }, done);
  });
}
