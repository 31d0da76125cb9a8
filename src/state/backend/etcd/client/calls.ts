import { type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { etcdServices, type ResponseHeader } from './api.js';
import type { Endpoint } from './endpoints.js';
import { EtcdError } from './etcd-error.js';
import type { EtcdConnection } from './options.js';

const LOGIN_MS = 3000;

export type ServiceName = keyof ReturnType<typeof etcdServices>;
export type Answer = { readonly header: ResponseHeader | null };

/** One request to one endpoint. */
export interface Call {
  readonly endpoint: Endpoint;
  readonly service: ServiceName;
  readonly name: string;
  readonly request: object;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Calls of etcd's services, each sent once to one endpoint, with a deadline, and with a token where there is a login. Answers of a
 * cluster other than the first that answered are refused.
 */
export class Calls {
  readonly #login: EtcdConnection['login'];
  #clusterId: string | undefined;
  #term = 0;
  #token: Promise<string> | undefined;

  constructor(login: EtcdConnection['login']) {
    this.#login = login;
  }

  /** The cluster all answers come from; undefined before the first. */
  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** The newest term that an answer named. */
  get term(): number {
    return this.#term;
  }

  /** The answer of a call. Throws EtcdError. */
  async unary<Response extends Answer>(call: Call): Promise<Response> {
    try {
      return await this.#unary(call);
    } catch (thrown) {
      if (!(thrown instanceof EtcdError) || !thrown.needsNewToken || !this.#login) throw thrown;
      this.forgetToken();
      return this.#unary(call);
    }
  }

  /** A stream that the member ends when it loses its leader; without `timeoutMs` it lasts. Throws EtcdError. */
  async stream<Response>({
    endpoint,
    service,
    name,
    timeoutMs,
  }: Pick<Call, 'endpoint' | 'service' | 'name'> & Partial<Pick<Call, 'timeoutMs'>>): Promise<
    ClientDuplexStream<object, Response>
  > {
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

  async #unary<Response extends Answer>(call: Call): Promise<Response> {
    const answer = await unary<Response>(call, await this.#metadata(call.endpoint));
    this.checkCluster(answer.header, call.endpoint);
    return answer;
  }

  async #metadata(endpoint: Endpoint): Promise<Metadata> {
    const metadata = new Metadata();
    const login = this.#login;
    if (!login) return metadata;
    const token = (this.#token ??= authenticate(endpoint, login));
    try {
      metadata.set('token', await token);
    } catch (thrown) {
      if (this.#token === token) this.#token = undefined;
      throw thrown;
    }
    return metadata;
  }
}

/** A cluster or member id as etcdctl writes it. */
export const hexId = (id: string): string => BigInt(id).toString(16);

async function authenticate(
  endpoint: Endpoint,
  { username, password }: NonNullable<EtcdConnection['login']>,
): Promise<string> {
  const call = { endpoint, service: 'Auth', name: 'Authenticate', timeoutMs: LOGIN_MS } as const;
  const request = { name: username, password };
  const { token } = await unary<Answer & { token: string }>({ ...call, request }, new Metadata());
  return token;
}

function methodOf(service: ServiceName, name: string) {
  return etcdServices()[service][name] as NonNullable<ReturnType<typeof etcdServices>[ServiceName][string]>;
}

async function unary<Response>(
  { endpoint, service, name, request, timeoutMs, signal }: Call,
  metadata: Metadata,
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
