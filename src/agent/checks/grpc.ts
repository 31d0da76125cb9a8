import { Client, type ClientOptions, Metadata, credentials } from '@grpc/grpc-js';
import type { CheckDefinition } from '../../model/definitions/index.js';
import { grpcTarget } from '../exposed-definition.js';
import type { CheckResult, Probe } from './check-runner.js';
import type { CheckTls } from './target.js';

const METHOD = '/grpc.health.v1.Health/Check';
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
const LENGTH_DELIMITED_FIELD_1 = 0x0a;
const VARINT_FIELD_1 = 0x08;

/** Asks an application by the gRPC health protocol, `host:port[/service]`: SERVING is passing, all else critical (consul-behaviour 2.5). */
export function createGrpcProbe(definition: CheckDefinition, tls: CheckTls = {}): Probe & { close(): void } {
  const { host, service } = grpcTarget(definition.grpc);
  const options: ClientOptions = {
    'grpc.primary_user_agent': 'Consul Health Check',
    'grpc.use_local_subchannel_pool': 1,
    ...(definition.tlsServerName === '' ? {} : { 'grpc.ssl_target_name_override': definition.tlsServerName }),
  };
  const client = new Client(host, credentialsOf(definition, tls), options);
  const name = definition.grpc;

  const probe: Probe = (signal) =>
    new Promise<CheckResult>((resolve) => {
      const call = client.makeUnaryRequest(
        METHOD,
        encodeRequest,
        decodeStatus,
        service.slice(1),
        new Metadata(),
        (error, status) => {
          signal.removeEventListener('abort', cancel);
          if (error) resolve({ status: 'critical', output: `gRPC check ${name}: ${reasonOf(error, signal)}` });
          else if (status === 'SERVING') resolve({ status: 'passing', output: `gRPC check ${name}: success` });
          else resolve({ status: 'critical', output: `gRPC check ${name}: the service says ${status ?? 'nothing'}` });
        },
      );
      const cancel = (): void => call.cancel();
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel, { once: true });
    });
  return Object.assign(probe, { close: () => client.close() });
}

function credentialsOf({ grpcUseTls, tlsSkipVerify }: CheckDefinition, { ca, cert, key }: CheckTls) {
  if (!grpcUseTls) return credentials.createInsecure();
  const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
  return credentials.createSsl(pem(ca), pem(key), pem(cert), tlsSkipVerify ? { rejectUnauthorized: false } : {});
}

/** `HealthCheckRequest { string service = 1; }`. */
function encodeRequest(service: string): Buffer {
  const text = Buffer.from(service, 'utf8');
  if (text.length === 0) return text;
  const length: number[] = [];
  let rest = text.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([LENGTH_DELIMITED_FIELD_1, ...length, rest]), text]);
}

/** `HealthCheckResponse { ServingStatus status = 1; }`. */
function decodeStatus(bytes: Buffer): string {
  const value = bytes.length === 0 ? 0 : bytes[0] === VARINT_FIELD_1 ? bytes[1] : undefined;
  return (value === undefined ? undefined : STATUSES[value]) ?? 'UNKNOWN';
}

function reasonOf(error: Error, signal: AbortSignal): string {
  return signal.aborted ? 'context deadline exceeded' : error.message;
}
