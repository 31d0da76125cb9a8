import { type ClientDuplexStream, status } from '@grpc/grpc-js';
import { AppError, backOffMs } from '../../../../core/index.js';
import type {
  AlarmResponse,
  LeaseResponse,
  MemberListResponse,
  RangeRequest,
  RangeResponse,
  StatusResponse,
  TxnRequest,
  TxnResponse,
  WatchRequest,
  WatchResponse,
} from './api.js';
import { type Answer, type Call, Calls } from './calls.js';
import { type Endpoint, Endpoints } from './endpoints.js';
import { EtcdError, MemberBehind, WentBack } from './etcd-error.js';
import { KnownRevision } from './known-revision.js';
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
  /** A write got a revision that had been passed before: etcd was restored from an older copy. */
  readonly onWentBack?: () => void;
}

/** A request that may also be answered by an etcd that was restored from an older copy. */
export interface AnyHistory {
  readonly anyHistory?: boolean;
}

/** Whom a watch tells, as long as it is wanted. */
export interface WatchListener {
  readonly isWanted: () => boolean;
  readonly onAnswer: (answer: WatchResponse) => void;
  /** Once; the stream has ended, or is of no use. */
  readonly onFailed: (thrown: unknown) => void;
}

/**
 * A thin client of etcd's v3 API. Every call has a deadline. Reads go to another endpoint when one fails; a transaction is sent
 * once, because after a failure nobody knows whether it was applied: EtcdError.changedNothing tells. Answers of a cluster other
 * than the first that answered are refused, and those that do not know what was known when they were asked for.
 */
export class EtcdClient {
  readonly endpoints: Endpoints;
  readonly #parts: EtcdClientParts;
  readonly #calls: Calls;
  readonly #stopFollowing: (() => void) | undefined;
  readonly #proposals: LostProposals;
  readonly #known = new KnownRevision();
  #closed = false;

  constructor(connection: EtcdConnection, parts: EtcdClientParts) {
    this.endpoints = new Endpoints(connection);
    this.#stopFollowing = connection.follow?.((endpoints, tls) => this.endpoints.replace(endpoints, tls));
    this.#calls = new Calls(connection.login);
    this.#parts = parts;
    this.#proposals = new LostProposals({ ...parts, termAt: (endpoint, key) => this.#termAt(endpoint, key) });
  }

  /** The cluster all answers come from; undefined before the first. */
  get clusterId(): string | undefined {
    return this.#calls.clusterId;
  }

  /** The newest revision that an answer of this history named; 0 before the first. */
  get revision(): number {
    return this.#known.newest;
  }

  /** Etcd was restored from an older copy: what is known of revisions does not count any more. */
  forgetRevisions(): void {
    this.#known.forget();
  }

  /** A linearizable read. Throws EtcdError; MemberBehind when no member knows what was known before. */
  range(request: RangeRequest, { anyHistory = false }: AnyHistory = {}): Promise<RangeResponse> {
    return this.#read('KV', 'Range', request, !anyHistory);
  }

  /** A transaction that only reads. Throws as `range` does. */
  readTxn(request: TxnRequest): Promise<TxnResponse> {
    return this.#read('KV', 'Txn', request, true);
  }

  /**
   * Sends a transaction once. Throws EtcdError: when its answer does not come in time, and as soon as it can be told that it will not
   * come, because the member has lost the leader that had it, or does not answer; WentBack when it was answered by an etcd that was
   * restored from an older copy.
   */
  async txn(
    request: TxnRequest,
    { timeoutMs = WRITE_MS, anyHistory = false }: AnyHistory & { readonly timeoutMs?: number } = {},
  ): Promise<TxnResponse> {
    const endpoint = this.endpoints.first;
    const givenUp = new AbortController();
    const { signal } = givenUp;
    const key = request.compare[0]?.key ?? request.success[0]?.request_put?.key ?? Buffer.alloc(1);
    const unwatch = this.#proposals.watch({
      endpoint,
      key,
      term: this.#calls.term,
      giveUp: (error) => givenUp.abort(error),
    });
    const { asked } = this.#known;
    let answer: TxnResponse;
    try {
      answer = await this.#calls.unary({ endpoint, service: 'KV', name: 'Txn', request, timeoutMs, signal });
    } catch (thrown) {
      throw this.#note(endpoint, signal.aborted ? signal.reason : thrown);
    } finally {
      unwatch();
    }
    const hasPut = (answer.succeeded ? request.success : (request.failure ?? [])).some((each) => each.request_put);
    if (anyHistory || this.#known.take(asked, Number(answer.header.revision), hasPut)) return answer;
    this.#parts.onWentBack?.();
    throw new WentBack(endpoint.name, answer.succeeded);
  }

  /** Forgets what is older than the revision. */
  async compact(revision: number): Promise<void> {
    await this.#read('KV', 'Compact', { revision });
  }

  /** A new lease of so many seconds. */
  grantLease(ttlSeconds: number): Promise<LeaseResponse> {
    return this.#read('Lease', 'LeaseGrant', { TTL: ttlSeconds });
  }

  /** Ends a lease: its keys are deleted. One that is over is no error. */
  async revokeLease(id: string): Promise<void> {
    const call = { service: 'Lease', name: 'LeaseRevoke', request: { ID: id }, timeoutMs: WRITE_MS } as const;
    await this.#once(call).catch((thrown: unknown) => {
      if (EtcdError.from(thrown, '').code !== status.NOT_FOUND) throw thrown;
    });
  }

  /** The seconds a lease has from now on; 0 = it is over. Asks one endpoint, once. Throws EtcdError. */
  async keepLeaseAlive(id: string): Promise<number> {
    const endpoint = this.endpoints.first;
    try {
      const answer = await this.#keepAlive(endpoint, id);
      this.#calls.checkCluster(answer.header, endpoint);
      return Math.max(0, Number(answer.TTL));
    } catch (thrown) {
      throw this.#note(endpoint, thrown);
    }
  }

  status(endpoint: Endpoint): Promise<StatusResponse> {
    return this.#calls.unary({ endpoint, service: 'Maintenance', name: 'Status', request: {}, timeoutMs: ATTEMPT_MS });
  }

  /** All members, by a linearizable read; else as some member knows them, which it also tells without a majority. */
  members(linearizable = true): Promise<MemberListResponse> {
    return this.#read('Cluster', 'MemberList', { linearizable });
  }

  /** Changes the members; sent once. Throws EtcdError: list the members to see what became of it. */
  changeMembers({ method: name, request }: MemberChange): Promise<MemberListResponse> {
    return this.#once({ service: 'Cluster', name, request, timeoutMs: MEMBER_CHANGE_MS });
  }

  /** Makes another member the leader; `endpoint` must be the leader's. */
  async moveLeader(endpoint: Endpoint, targetID: string): Promise<void> {
    const call = {
      service: 'Maintenance',
      name: 'MoveLeader',
      request: { targetID },
      timeoutMs: MEMBER_CHANGE_MS,
    } as const;
    await this.#calls.unary({ endpoint, ...call });
  }

  alarms(): Promise<AlarmResponse> {
    return this.#read('Maintenance', 'Alarm', { action: 'GET' });
  }

  /**
   * Begins a watch at the endpoint, which the member ends when it loses its leader; who does not want it any more cancels it. Throws
   * EtcdError when there can be none.
   */
  async watch(
    endpoint: Endpoint,
    request: WatchRequest,
    { isWanted, onAnswer, onFailed }: WatchListener,
  ): Promise<WatchStream> {
    const stream = await this.#calls.stream<WatchResponse>({ endpoint, service: 'Watch', name: 'Watch' });
    const { asked } = this.#known;
    const failed = (thrown: unknown): void => {
      if (isWanted()) onFailed(EtcdError.from(thrown, endpoint.name));
    };
    stream.on('error', failed);
    stream.on('end', () => failed(new EtcdError(status.UNAVAILABLE, 'the member ended the watch', endpoint.name)));
    stream.on('data', (answer: WatchResponse) => {
      if (!isWanted()) return;
      try {
        this.#calls.checkCluster(answer.header, endpoint);
      } catch (thrown) {
        return failed(thrown);
      }
      // A member that is behind may be watched: it comes to what is known.
      this.#known.take(asked, Number(answer.header?.revision ?? 0), false);
      onAnswer(answer);
    });
    stream.write({ create_request: request });
    return stream;
  }

  /** The token is not accepted any more: the next call asks for a new one. */
  forgetToken(): void {
    this.#calls.forgetToken();
  }

  close(): void {
    this.#closed = true;
    this.#stopFollowing?.();
    this.endpoints.close();
  }

  async #read<Response extends Answer>(
    service: Call['service'],
    name: string,
    request: object,
    isChecked = false,
  ): Promise<Response> {
    const since = this.#parts.now();
    for (let attempt = 1; ; attempt += 1) {
      const endpoint = this.endpoints.first;
      const { asked } = this.#known;
      try {
        const timeoutMs = Math.max(1, Math.min(ATTEMPT_MS, since + READ_BUDGET_MS - this.#parts.now()));
        const answer = await this.#calls.unary<Response>({ endpoint, service, name, request, timeoutMs });
        const revision = Number(answer.header?.revision);
        if (isChecked && !this.#known.take(asked, revision, false))
          throw new MemberBehind(endpoint.name, revision, asked.newest);
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

  /** Sends what changes something to one endpoint, once. */
  async #once<Response extends Answer>(call: Omit<Call, 'endpoint'>): Promise<Response> {
    const endpoint = this.endpoints.first;
    try {
      return await this.#calls.unary<Response>({ endpoint, ...call });
    } catch (thrown) {
      throw this.#note(endpoint, thrown);
    }
  }

  async #keepAlive(endpoint: Endpoint, id: string): Promise<LeaseResponse> {
    const call = { endpoint, service: 'Lease', name: 'LeaseKeepAlive', timeoutMs: KEEP_ALIVE_MS } as const;
    const stream = await this.#calls.stream<LeaseResponse>(call);
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

  async #termAt(endpoint: Endpoint, key: Buffer): Promise<number> {
    const request = { key, limit: 1, keys_only: true, serializable: true };
    const call = { endpoint, service: 'KV', name: 'Range', request, timeoutMs: TERM_MS } as const;
    const { header } = await this.#calls.unary<RangeResponse>(call);
    return Number(header.raft_term);
  }

  #note(endpoint: Endpoint, thrown: unknown): EtcdError {
    const error = EtcdError.from(thrown, endpoint.name);
    if (error.isOfEndpoint && !(error instanceof LostProposal)) this.endpoints.failed(endpoint);
    return error;
  }
}

/** The error of an engine's caller for whatever a call threw. */
export function appErrorOf(thrown: unknown): AppError {
  return thrown instanceof EtcdError ? thrown.toAppError() : AppError.from(thrown);
}
