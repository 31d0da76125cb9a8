import { Client, type ClientOptions, connectivityState, credentials } from '@grpc/grpc-js';
import { AppError } from '../../../../core/index.js';
import type { EtcdConnection, EtcdTls } from './options.js';

/** Keeps what is answered bounded; a page of a list that is larger is asked for again in smaller pieces. */
const MAXIMUM_ANSWER_BYTES = 64 * 2 ** 20;

const CHANNEL_OPTIONS: ClientOptions = {
  'grpc.max_receive_message_length': MAXIMUM_ANSWER_BYTES,
  'grpc.max_send_message_length': -1,
  // A member that died without closing is noticed in 8 s; etcd allows one ping each 5 s.
  'grpc.keepalive_time_ms': 6000,
  'grpc.keepalive_timeout_ms': 2000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc-node.flow_control_window': 4 * 2 ** 20,
};

/** One etcd member's address with its connection. */
export class Endpoint {
  readonly name: string;
  readonly #connect: () => Client;
  #client: Client;

  /** `connect` throws AppError('invalidArgument') for certificates that cannot be used. */
  constructor(name: string, connect: () => Client) {
    this.name = name;
    this.#connect = connect;
    this.#client = connect();
  }

  get client(): Client {
    return this.#client;
  }

  /**
   * Begins a connection anew that is still being made: while the way was cut its packets were sent ever more rarely, so that it would
   * be there only many seconds after the way is whole again.
   */
  connectAnew(): void {
    if (this.#client.getChannel().getConnectivityState(false) !== connectivityState.CONNECTING) return;
    this.#client.close();
    this.#client = this.#connect();
  }
}

/**
 * The endpoints, one of which is asked first. One that fails is not asked first any more: there is no way back to it but when
 * the others fail too.
 */
export class Endpoints {
  readonly #secure: boolean;
  #tls: EtcdTls | undefined;
  #all: readonly Endpoint[];
  #first = 0;
  readonly #listeners = new Set<(endpoint: Endpoint) => void>();

  /** Throws AppError('invalidArgument') for an endpoint that is none, and for TLS options without TLS. */
  constructor({ endpoints, tls }: EtcdConnection) {
    if (endpoints.length === 0)
      throw new AppError('invalidArgument', 'state.etcd.endpoints is empty: name at least one etcd endpoint.');
    const parsed = endpoints.map(parseEndpoint);
    const secure = parsed[0]?.secure ?? false;
    if (parsed.some((endpoint) => endpoint.secure !== secure))
      throw new AppError('invalidArgument', 'state.etcd.endpoints mixes http and https: use one of them for all.');
    if (tls && !secure)
      throw new AppError(
        'invalidArgument',
        'state.etcd has certificates but its endpoints are not https: write https://host:port.',
      );
    [this.#secure, this.#tls] = [secure, tls];
    this.#all = parsed.map((endpoint) => this.#connected(endpoint));
  }

  get all(): readonly Endpoint[] {
    return this.#all;
  }

  /**
   * Goes on with these. Connections to those that stay are kept; who is asked first stays so while it is among them. What cannot be
   * used is left out; when nothing is left, all stays as it is. With `tls` all connections are made anew.
   */
  replace(endpoints: readonly string[], tls?: EtcdTls): void {
    const wanted = endpoints.flatMap((text) => {
      const parsed = parseEndpoint(text);
      return parsed.secure === this.#secure ? [parsed] : [];
    });
    if (wanted.length === 0) return;
    const before = this.#all;
    const { first } = this;
    const kept = tls ? [] : before;
    if (tls) this.#tls = tls;
    this.#all = wanted.map((each) => kept.find(({ name }) => name === each.name) ?? this.#connected(each));
    this.#first = Math.max(
      0,
      this.#all.findIndex(({ name }) => name === first.name),
    );
    for (const gone of before) if (!this.#all.includes(gone)) gone.client.close();
  }

  #connected({ name, address }: { readonly name: string; readonly address: string }): Endpoint {
    const tls = this.#secure ? (this.#tls ?? {}) : undefined;
    return new Endpoint(name, () => connect(address, tls));
  }

  get first(): Endpoint {
    return this.all[this.#first] as Endpoint;
  }

  /** Notes that an endpoint failed, so that another one is asked first. */
  failed(endpoint: Endpoint): void {
    endpoint.connectAnew();
    if (endpoint === this.first) this.#first = (this.#first + 1) % this.all.length;
    for (const listener of this.#listeners) listener(endpoint);
  }

  /** Is told of every endpoint that fails. Returns what ends it. */
  onFailed(listener: (endpoint: Endpoint) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    for (const { client } of this.all) client.close();
  }
}

function connect(address: string, tls: EtcdTls | undefined): Client {
  if (!tls) return new Client(address, credentials.createInsecure(), CHANNEL_OPTIONS);
  const { ca, cert, key, serverName } = tls;
  try {
    return new Client(address, credentials.createSsl(ca ?? null, key ?? null, cert ?? null), {
      ...CHANNEL_OPTIONS,
      ...(serverName ? { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName } : {}),
    });
  } catch (cause) {
    throw new AppError(
      'invalidArgument',
      'state.etcd: the certificates cannot be used: ca_file, cert_file and key_file must be PEM and belong together.',
      { cause },
    );
  }
}

function parseEndpoint(text: string): { readonly name: string; readonly address: string; readonly secure: boolean } {
  const match = /^(?:(https?):\/\/)?((?:\[[0-9a-fA-F:.]+\]|[^\s/:@[\]]+):\d{1,5})\/?$/.exec(text);
  if (!match)
    throw new AppError(
      'invalidArgument',
      `state.etcd.endpoints: "${text}" is not an endpoint: write https://host:port or http://host:port.`,
    );
  return { name: match[2] as string, address: match[2] as string, secure: match[1] === 'https' };
}
