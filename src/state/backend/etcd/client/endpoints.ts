import { Client, type ClientOptions, credentials } from '@grpc/grpc-js';
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
export interface Endpoint {
  readonly name: string;
  readonly client: Client;
}

/**
 * The endpoints, one of which is asked first. One that fails is not asked first any more: there is no way back to it but when
 * the others fail too.
 */
export class Endpoints {
  readonly all: readonly Endpoint[];
  #first = 0;

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
    this.all = parsed.map(({ name, address }) => ({
      name,
      client: connect(address, secure ? (tls ?? {}) : undefined),
    }));
  }

  get first(): Endpoint {
    return this.all[this.#first] as Endpoint;
  }

  /** Notes that an endpoint failed, so that another one is asked first. */
  failed(endpoint: Endpoint): void {
    if (endpoint === this.first) this.#first = (this.#first + 1) % this.all.length;
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
