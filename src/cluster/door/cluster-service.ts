import type { sendUnaryData, ServerUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { AppError, type Coordinate } from '../../core/index.js';
import { toGrpcStatus } from '../../xds/server/grpc-status.js';
import type { AgentIdentity } from '../credentials/index.js';
import type {
  Answer,
  CertifyRequest,
  CertifyResponse,
  DnsMessage,
  Introduction,
  JoinRequest,
  JoinResponse,
  LocateRequest,
  Question,
} from '../wire/messages.js';
import { type CertificateDeskParts, certify } from './certificate-desk.js';
import type { ClusterDoor } from './cluster-door.js';
import type { HeartbeatCall, Heartbeats } from './heartbeats.js';
import type { JoinDesk } from './join-desk.js';
import { requireRole } from './peer.js';

/** Answers a DNS message; undefined = it is not worth an answer. */
export type RelayedDns = (
  message: Buffer,
  from: { readonly tcp: boolean; readonly address: string; readonly settings: string },
) => Promise<Uint8Array | undefined>;

/** What the service hands calls to. Undefined parts are not there yet: the caller is told to come again. */
export interface ClusterServiceParts {
  readonly desk: JoinDesk;
  readonly heartbeats: () => Heartbeats | undefined;
  readonly dns: () => RelayedDns | undefined;
  readonly servers: () => JoinResponse['servers'];
  readonly introduce: (introduction: Introduction, from: AgentIdentity) => Introduction;
  readonly ask: (question: Question, from: AgentIdentity) => Promise<Uint8Array>;
  /** Where this server is in the network; undefined = it has no coordinates. */
  readonly place: () => Coordinate | undefined;
  readonly certificates: () => CertificateDeskParts | undefined;
}

/** The handlers of `Cluster`. Whatever a peer sends, the worst that happens is that its own call ends with a status. */
export function clusterHandlers(
  door: Pick<ClusterDoor, 'callerOf' | 'checkPlace'>,
  parts: ClusterServiceParts,
): UntypedServiceImplementation {
  return {
    Join: unary<JoinRequest, JoinResponse>((request, call) => {
      door.checkPlace(call);
      if (parts.heartbeats() === undefined) throw notReady();
      return { ...parts.desk.join(request, addressOf(call.getPeer())), servers: parts.servers() };
    }),
    Heartbeat: (call: HeartbeatCall) => {
      try {
        const caller = door.callerOf(call);
        requireRole(caller, 'client', 'Heartbeat');
        const heartbeats = parts.heartbeats();
        if (heartbeats === undefined) throw notReady();
        heartbeats.hold(call, caller);
      } catch (thrown) {
        call.on('error', () => undefined);
        call.emit('error', toGrpcStatus(AppError.from(thrown)));
      }
    },
    Dns: unary<DnsMessage, DnsMessage>(async ({ message, tcp, clientAddress, settings }, call) => {
      door.callerOf(call);
      const dns = parts.dns();
      if (dns === undefined) throw notReady();
      // Nothing asked: only whether this server is here.
      if (message.length === 0) return { message, tcp, clientAddress: '', settings: '' };
      const answer = await dns(Buffer.from(message), { tcp, address: clientAddress, settings });
      return { message: answer ?? new Uint8Array(), tcp, clientAddress: '', settings: '' };
    }),
    Introduce: unary<Introduction, Introduction>((introduction, call) => {
      const caller = door.callerOf(call);
      requireRole(caller, 'server', 'Introduce');
      return parts.introduce(introduction, caller);
    }),
    Ask: unary<Question, Answer>(async (question, call) => {
      const caller = door.callerOf(call);
      requireRole(caller, 'server', 'Ask');
      return { body: await parts.ask(question, caller) };
    }),
    Locate: unary<LocateRequest, Coordinate>((_request, call) => {
      door.callerOf(call);
      const place = parts.place();
      if (place === undefined) throw new AppError('unsupported', 'this server has no network coordinates');
      return place;
    }),
    Certify: unary<CertifyRequest, CertifyResponse>((request, call) => {
      const caller = door.callerOf(call);
      requireRole(caller, 'client', 'Certify');
      const desk = parts.certificates();
      if (desk === undefined) throw notReady();
      return certify(request, caller, desk);
    }),
  };
}

const notReady = (): AppError => new AppError('unavailable', 'this server is not ready yet; try again, or another');

function unary<Request, Response>(
  handle: (request: Request, call: ServerUnaryCall<Request, Response>) => Response | Promise<Response>,
) {
  return (call: ServerUnaryCall<Request, Response>, reply: sendUnaryData<Response>): void => {
    const fail = (thrown: unknown): void => reply(toGrpcStatus(AppError.from(thrown)));
    try {
      const answer = handle(call.request, call);
      if (answer instanceof Promise) answer.then((value) => reply(null, value), fail);
      else reply(null, answer);
    } catch (thrown) {
      fail(thrown);
    }
  };
}

/** The address of `address:port`. */
const addressOf = (peer: string): string => peer.slice(0, Math.max(peer.lastIndexOf(':'), 0));
