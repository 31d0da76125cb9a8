import { checkServerIdentity, createSecureContext, type PeerCertificate, type SecureContextOptions } from 'node:tls';
import { Client, credentials, Metadata, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { formatHostPort, parseHostPort } from '../../core/index.js';
import { errorOfCall } from './status.js';

const OPTIONS = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // A server that died without closing is noticed in a few seconds.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0,
  'grpc.enable_retries': 0,
  'grpc-node.flow_control_window': 1_048_576,
};

/** How the other end is verified: by the authority of the context, and this name in its certificate. */
export interface ChannelTls {
  readonly context: SecureContextOptions;
  readonly serverName: string;
  /** The name that is asked for at the handshake, which says whose certificate is wanted. */
  readonly asks: string;
}

/** A connection to the cluster door at `host:port` (an IP address or a name), made when it is first used. */
export function openChannel(address: string, { context, serverName, asks }: ChannelTls): Client {
  const verify = { checkServerIdentity: (_: string, shown: PeerCertificate) => checkServerIdentity(serverName, shown) };
  return new Client(targetOf(address), credentials.createFromSecureContext(createSecureContext(context), verify), {
    ...OPTIONS,
    'grpc.ssl_target_name_override': asks,
    'grpc.default_authority': serverName,
  });
}

/** grpc-js resolves names itself; addresses are given as they are. */
function targetOf(address: string): string {
  const parts = parseHostPort(address);
  if (parts === undefined) return `dns:${address}`;
  return parts.host.includes(':') ? `ipv6:${formatHostPort(parts)}` : `dns:${formatHostPort(parts)}`;
}

/** One call with a deadline. Throws AppError: what the server answered with, or 'unavailable' that names the address. */
export function callUnary<Request, Response>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
  request: Request,
  { address, timeoutMs }: { readonly address: string; readonly timeoutMs: number },
): Promise<Response> {
  const deadline = new Date(Date.now() + timeoutMs);
  return new Promise((resolve, reject) => {
    const done = (error: ServiceError | null, answer?: Response): void => {
      if (error) reject(errorOfCall(error, address));
      else resolve(answer as Response);
    };
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), { deadline }, done);
  });
}
