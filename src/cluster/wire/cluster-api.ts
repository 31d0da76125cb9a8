import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Coordinate } from '../../core/index.js';
import type {
  AgentMessage,
  Answer,
  CertifyRequest,
  CertifyResponse,
  DnsMessage,
  Introduction,
  JoinRequest,
  JoinResponse,
  LocateRequest,
  Question,
  ServerMessage,
} from './messages.js';

const PROTO = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'proto', 'cluster');

/** The methods of `Cluster` in proto/cluster/cluster.proto. */
export type ClusterService = ServiceDefinition & {
  readonly Join: MethodDefinition<JoinRequest, JoinResponse>;
  readonly Heartbeat: MethodDefinition<AgentMessage, ServerMessage>;
  readonly Dns: MethodDefinition<DnsMessage, DnsMessage>;
  readonly Introduce: MethodDefinition<Introduction, Introduction>;
  readonly Ask: MethodDefinition<Question, Answer>;
  readonly Locate: MethodDefinition<LocateRequest, Coordinate>;
  readonly Certify: MethodDefinition<CertifyRequest, CertifyResponse>;
};

let loaded: ClusterService | undefined;

/** The service with its codecs; loaded at the first call. Fields are camelCase, 64 bit numbers are numbers. */
export function clusterService(): ClusterService {
  loaded ??= loadSync('cluster.proto', {
    longs: Number,
    defaults: true,
    arrays: true,
    objects: true,
    includeDirs: [PROTO],
  })['meshwright.cluster.v1.Cluster'] as unknown as ClusterService;
  return loaded;
}
