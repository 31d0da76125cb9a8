import { Server, ServerCredentials } from '@grpc/grpc-js';
import { lookupType } from '../../support/ads-client/message-types.js';

/** A gRPC server on the loopback that answers every call of one method. */
export interface GrpcReceiver {
  readonly port: number;
  close(): Promise<void>;
}

const same = (bytes: Buffer): Buffer => bytes;

/** `answer`: bytes of a request -> bytes of the answer. */
async function startReceiver(path: string, answer: (request: Buffer) => Buffer): Promise<GrpcReceiver> {
  const server = new Server();
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  } as const;
  server.addService(
    { Call: method },
    {
      Call: ({ request }: { request: Buffer }, respond: (error: null, answer: Buffer) => void) =>
        respond(null, answer(request)),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    async close() {
      server.forceShutdown();
      await Promise.resolve();
    },
  };
}

/** What an Envoy tells of what it asks about: a request's path and headers; both empty for a connection. */
export interface AuthorizationRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const PERMISSION_DENIED = 7;

/** A server that decides about requests or connections as `allows` says (envoy.service.auth.v3). */
export function startAuthorizationServer(allows: (request: AuthorizationRequest) => boolean): Promise<GrpcReceiver> {
  const request = lookupType('envoy.service.auth.v3.CheckRequest');
  const response = lookupType('envoy.service.auth.v3.CheckResponse');
  if (!request || !response) throw new Error('the protos of envoy.service.auth.v3 are not there');
  return startReceiver('/envoy.service.auth.v3.Authorization/Check', (bytes) => {
    const asked = request.toObject(request.decode(bytes), { defaults: true }) as {
      attributes?: { request?: { http?: AuthorizationRequest | null } | null };
    };
    const { path = '', headers = {} } = asked.attributes?.request?.http ?? {};
    const code = allows({ path, headers }) ? 0 : PERMISSION_DENIED;
    return Buffer.from(response.encode(response.fromObject({ status: { code } })).finish());
  });
}

/** A collector of OpenTelemetry logs. `received` has each batch as it came: texts stand in it as they are. */
export async function startLogCollector(): Promise<GrpcReceiver & { readonly received: readonly string[] }> {
  const received: string[] = [];
  const receiver = await startReceiver('/opentelemetry.proto.collector.logs.v1.LogsService/Export', (bytes) => {
    received.push(bytes.toString('latin1'));
    return Buffer.alloc(0);
  });
  return { ...receiver, received };
}
