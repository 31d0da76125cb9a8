import { type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { AppError, backOffMs } from '../../../../core/index.js';
import {
  type AlarmResponse,
  etcdServices,
  type LeaseResponse,
  type MemberListResponse,
  type RangeRequest,
  type RangeResponse,
  type ResponseHeader,
  type StatusResponse,
  type TxnRequest,
  type TxnResponse,
  type WatchResponse,
} from './api.js';
import { type Endpoint, Endpoints } from './endpoints.js';
import { EtcdError, MemberBehind } from './etcd-error.js';
import { LostProposal, LostProposals } from './lost-proposals.js';
import type { EtcdConnection } from './options.js';

const ATTEMPT_MS = 3000;
const READ_BUDGET_MS = 8000;
/** A member that is behind catches up sooner, or never. */
const CATCH_UP_MS = 3000;
const WRITE_MS = 4000;
/** A lease is kept alive every few seconds: an endpoint that does not answer must not take all of them. */
const KEEP_ALIVE_MS = 1000;
/** A member tells its term without asking others: who takes longer is stopped, or cut off. */
const TERM_MS = 1000;
const MEMBER_CHANGE_MS = 6000;
const BACK_OFF = { firstMs: 30, longestMs: 500 };

type ServiceName = keyof ReturnType<typeof etcdServices>;
type Answer = { readonly header: ResponseHeader | null };
export type WatchStream = ClientDuplexStream<object, WatchResponse>;

/** A change of the members: a learner to add, an id to remove or promote, new URLs of an id. */
export type MemberChange =
  | {
      readonly method: 'MemberAdd';
      readonly request: { readonly peerURLs: readonly string[]; readonly isLearner: true };
    }
  | { readonly method: 'MemberRemove' | 'MemberPromote'; readonly request: { readonly ID: string } }
  | {
      readonly method: 'MemberUpdate';
      readonly request: { readonly ID: string; readonly peerURLs: readonly string[] };
    };

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
  readonly #stopFollowing: (() => void) | undefined;
  readonly #proposals: LostProposals;
  #clusterId: string | undefined;
  /** The newest term that an answer named. */
  #term = 0;
  #token: Promise<string> | undefined;
  #closed = false;

  constructor(connection: EtcdConnection, parts: EtcdClientParts) {
    this.endpoints = new Endpoints(connection);
    this.#stopFollowing = connection.follow?.((endpoints, tls) => this.endpoints.replace(endpoints, tls));
    this.#login = connection.login;
    this.#parts = parts;
    this.#proposals = new LostProposals({ ...parts, termAt: (endpoint, key) => this.#termAt(endpoint, key) });
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

  /**
   * Sends a transaction once. Throws EtcdError: when its answer does not come in time, and as soon as it can be told that it will not
   * come, because the member has lost the leader that had it, or does not answer.
   */
  async txn(request: TxnRequest, timeoutMs = WRITE_MS): Promise<TxnResponse> {
    const endpoint = this.endpoints.first;
    const givenUp = new AbortController();
    const key = request.compare[0]?.key ?? request.success[0]?.request_put?.key ?? Buffer.alloc(1);
    const giveUp = (error: EtcdError): void => givenUp.abort(error);
    const unwatch = this.#proposals.watch({ endpoint, key, term: this.#term, giveUp });
    try {
      return await this.#authenticated(endpoint, 'KV', 'Txn', request, timeoutMs, givenUp.signal);
    } catch (thrown) {
      throw this.#note(endpoint, givenUp.signal.aborted ? givenUp.signal.reason : thrown);
    } finally {
      unwatch();
    }
  }

  /** Forgets what is older than the revision. */
  async compact(revision: number): Promise<void> {
    await this.#read('KV', 'Compact', { revision }, () => undefined);
  }

  /** A new lease of so many seconds. */
  grantLease(ttlSeconds: number): Promise<LeaseResponse> {
    return this.#read('Lease', 'LeaseGrant', { TTL: ttlSeconds }, () => undefined);
  }

  /** Ends a lease: its keys are deleted. One that is over is no error. */
  async revokeLease(id: string): Promise<void> {
    await this.#once('Lease', 'LeaseRevoke', { ID: id }).catch((thrown: unknown) => {
      if (EtcdError.from(thrown, '').code !== status.NOT_FOUND) throw thrown;
    });
  }

  /** The seconds a lease has from now on; 0 = it is over. Asks one endpoint, once. Throws EtcdError. */
  async keepLeaseAlive(id: string): Promise<number> {
    const endpoint = this.endpoints.first;
    try {
      const answer = await this.#keepAlive(endpoint, id);
      this.checkCluster(answer.header, endpoint);
      return Math.max(0, Number(answer.TTL));
    } catch (thrown) {
      throw this.#note(endpoint, thrown);
    }
  }

  status(endpoint: Endpoint): Promise<StatusResponse> {
    return this.#authenticated(endpoint, 'Maintenance', 'Status', {}, ATTEMPT_MS);
  }

  /** All members, by a linearizable read; else as some member knows them, which it also tells without a majority. */
  members(linearizable = true): Promise<MemberListResponse> {
    return this.#read('Cluster', 'MemberList', { linearizable }, () => undefined);
  }

  /** Changes the members; sent once. Throws EtcdError: list the members to see what became of it. */
  async changeMembers(change: MemberChange): Promise<MemberListResponse> {
    const endpoint = this.endpoints.first;
    try {
      return await this.#authenticated(endpoint, 'Cluster', change.method, change.request, MEMBER_CHANGE_MS);
    } catch (thrown) {
      throw this.#note(endpoint, thrown);
    }
  }

  /** Makes another member the leader; `endpoint` must be the leader's. */
  async moveLeader(endpoint: Endpoint, targetID: string): Promise<void> {
    await this.#authenticated(endpoint, 'Maintenance', 'MoveLeader', { targetID }, MEMBER_CHANGE_MS);
  }

  alarms(): Promise<AlarmResponse> {
    return this.#read('Maintenance', 'Alarm', { action: 'GET' }, () => undefined);
  }

  /** Opens the stream for a watch at the endpoint. The member ends it when it loses its leader. */
  openWatch(endpoint: Endpoint): Promise<WatchStream> {
    return this.#openStream(endpoint, 'Watch', 'Watch');
  }

  /** Throws EtcdError when the answer is of another cluster than those before. */
  checkCluster(header: ResponseHeader | null, endpoint: Endpoint): void {
    const id = header?.cluster_id;
    if (!id || id === '0') return;
    this.#clusterId ??= id;
    if (id === this.#clusterId) {
      this.#term = Math.max(this.#term, Number(header.raft_term));
      return;
    }
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
    this.#stopFollowing?.();
    this.endpoints.close();
  }

  async #read<Response extends Answer>(
    service: ServiceName,
    name: string,
    request: object,
    accept: (answer: Response) => void,
  ): Promise<Response> {
    const since = this.#parts.now();
    for (let attempt = 1; ; attempt += 1) {
      const endpoint = this.endpoints.first;
      try {
        const leftMs = Math.max(1, Math.min(ATTEMPT_MS, since + READ_BUDGET_MS - this.#parts.now()));
        const answer = await this.#authenticated<Response>(endpoint, service, name, request, leftMs);
        accept(answer);
        return answer;
      } catch (thrown) {
        const error = this.#note(endpoint, thrown);
        // Nobody waits before every member has been asked.
        const pauseMs = backOffMs(Math.ceil(attempt / this.endpoints.all.length), BACK_OFF);
        const until = since + (error instanceof MemberBehind ? CATCH_UP_MS : READ_BUDGET_MS);
        if (!error.isOfEndpoint || this.#closed || this.#parts.now() + pauseMs >= until) throw error;
        if (attempt % this.endpoints.all.length === 0) await this.#parts.pause(pauseMs);
      }
    }
  }

  /** Sends a write to one endpoint, once. */
  async #once<Response extends Answer>(service: ServiceName, name: string, request: object): Promise<Response> {
    const endpoint = this.endpoints.first;
    try {
      return await this.#authenticated<Response>(endpoint, service, name, request, WRITE_MS);
    } catch (thrown) {
      throw this.#note(endpoint, thrown);
    }
  }

  async #keepAlive(endpoint: Endpoint, id: string): Promise<LeaseResponse> {
    const stream = await this.#openStream<LeaseResponse>(endpoint, 'Lease', 'LeaseKeepAlive', KEEP_ALIVE_MS);
    try {
      return await new Promise((resolve, reject) => {
        stream.on('data', resolve);
        stream.on('error', (thrown) => reject(EtcdError.from(thrown, endpoint.name)));
        stream.on('end', () => reject(new EtcdError(status.UNAVAILABLE, 'the member ended the stream', endpoint.name)));
        stream.write({ ID: id });
      });
    } finally {
      stream.cancel();
    }
  }

  /** A stream that the member ends when it loses its leader; without `timeoutMs` it lasts. */
  async #openStream<Response>(
    endpoint: Endpoint,
    service: ServiceName,
    name: string,
    timeoutMs?: number,
  ): Promise<ClientDuplexStream<object, Response>> {
    const metadata = await this.#metadata(endpoint);
    metadata.set('hasleader', 'true');
    const { path, requestSerialize, responseDeserialize } = methodOf(service, name);
    try {
      return endpoint.client.makeBidiStreamRequest(
        path,
        requestSerialize,
        responseDeserialize as (bytes: Buffer) => Response,
        metadata,
        timeoutMs === undefined ? {} : { deadline: new Date(Date.now() + timeoutMs) },
      );
    } catch (thrown) {
      // The connection of a member that was just taken out is closed.
      throw EtcdError.from(thrown, endpoint.name);
    }
  }

  async #termAt(endpoint: Endpoint, key: Buffer): Promise<number> {
    const request = { key, limit: 1, keys_only: true, serializable: true };
    const { header } = await this.#authenticated<RangeResponse>(endpoint, 'KV', 'Range', request, TERM_MS);
    return Number(header.raft_term);
  }

  #note(endpoint: Endpoint, thrown: unknown): EtcdError {
    const error = EtcdError.from(thrown, endpoint.name);
    if (error.isOfEndpoint && !(error instanceof LostProposal)) this.endpoints.failed(endpoint);
    return error;
  }

  async #authenticated<Response extends Answer>(
    endpoint: Endpoint,
    service: ServiceName,
    name: string,
    request: object,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Response> {
    try {
      return await this.#call(endpoint, service, name, request, timeoutMs, signal);
    } catch (thrown) {
      if (!(thrown instanceof EtcdError) || !thrown.needsNewToken || !this.#login) throw thrown;
      this.forgetToken();
      return this.#call(endpoint, service, name, request, timeoutMs, signal);
    }
  }

  async #call<Response extends Answer>(
    endpoint: Endpoint,
    service: ServiceName,
    name: string,
    request: object,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Response> {
    const metadata = await this.#metadata(endpoint);
    const answer = await unary<Response>(endpoint, service, name, request, metadata, timeoutMs, signal);
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

async function unary<Response>(
  endpoint: Endpoint,
  service: ServiceName,
  name: string,
  request: object,
  metadata: Metadata,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Response> {
  signal?.throwIfAborted();
  const { path, requestSerialize, responseDeserialize } = methodOf(service, name);
  const deserialize = responseDeserialize as (bytes: Buffer) => Response;
  return new Promise((resolve, reject) => {
    const done = (error: ServiceError | null, answer?: Response): void => {
      if (error) reject(EtcdError.from(error, endpoint.name));
      else resolve(answer as Response);
    };
    const options = { deadline: new Date(Date.now() + timeoutMs) };
    const { client } = endpoint;
    const call = client.makeUnaryRequest(path, requestSerialize, deserialize, request, metadata, options, done);
    signal?.addEventListener('abort', () => call.cancel(), { once: true });
  });
}
