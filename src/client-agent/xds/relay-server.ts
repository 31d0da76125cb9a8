import { Server, type ServerDuplexStream, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ServerLink } from '../../cluster/index.js';
import { AppError, type Clock } from '../../core/index.js';
import { type Door, openPlaintextDoor, openTlsDoor } from '../../xds/server/doors.js';
import { toGrpcStatus } from '../../xds/server/grpc-status.js';
import { adsService, type ListeningDoor, type ServerCertificateProvider } from '../../xds/server/index.js';
import { isLoopback } from '../../xds/server/stream-outlet.js';
import { NODE_METADATA, ORIGIN_METADATA } from '../../xds/server/stream-origin.js';
import type { ProxyRecords } from './proxy-records.js';
import { ProxyRelay, type ProxyRelayParts, type RelayLogger } from './proxy-relay.js';

type Call = ServerDuplexStream<Buffer, Buffer>;
type Protocol = ProxyRelayParts['protocol'];

const GRPC_OPTIONS = {
  'grpc.max_receive_message_length': 8_388_608,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 30_000,
  'grpc.enable_channelz': 0,
};
/** Between two streams that leave a server which is about to go. */
const MOVE_EVERY_MS = 100;

export interface RelayServerParts {
  readonly node: string;
  readonly link: Pick<ServerLink, 'openAds'>;
  readonly servers: ProxyRelayParts['servers'];
  readonly records: ProxyRecords;
  readonly allowPlaintextSecrets: boolean;
  /** The token for streams without one; empty = none. */
  readonly ownToken: () => string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: RelayLogger & { error(fields: object, message: string): void };
}

/** The doors for Envoys of a client agent. */
export interface RelayXdsServer {
  /** As those of a server. AppError('portTaken' | 'unavailable'). */
  listen(address: string, port: number): Promise<ListeningDoor>;
  listenTls(address: string, port: number, certificates: ServerCertificateProvider): Promise<ListeningDoor>;
  /** Streams of proxies that are open. */
  readonly streams: number;
  close(): Promise<void>;
}

/** Opens doors for Envoys whose streams go to the servers; nothing is open until `listen`. */
export function createRelayXdsServer(parts: RelayServerParts): RelayXdsServer {
  const { clock, logger, random } = parts;
  const relays = new Map<ProxyRelay, Call>();
  const doors: { readonly door: Door; readonly server: Server }[] = [];
  const moves: (() => void)[] = [];
  let cancelMove: (() => void) | undefined;
  const moveNext = (): void => {
    cancelMove = undefined;
    moves.shift()?.();
    if (moves.length > 0) cancelMove = clock.after(MOVE_EVERY_MS, moveNext);
  };

  const handlers = (encrypted: boolean): UntypedServiceImplementation => {
    const open = (protocol: Protocol) => (call: Call) => {
      const remoteAddress = call.getPeer().replace(/:\d+$/, '');
      const token = String(call.metadata.get('x-consul-token')[0] ?? '') || parts.ownToken();
      const relay = new ProxyRelay({
        ...parts,
        protocol,
        metadata: {
          [ORIGIN_METADATA]: `${encrypted ? 'tls' : 'plaintext'} ${remoteAddress}`,
          [NODE_METADATA]: parts.node,
          ...(token === '' ? {} : { 'x-consul-token': token }),
        },
        maySendSecrets: encrypted || isLoopback(remoteAddress) || parts.allowPlaintextSecrets,
        onDraining(move) {
          moves.push(move);
          cancelMove ??= clock.after(random() * MOVE_EVERY_MS, moveNext);
        },
        send: (message) => void call.write(message),
        end: (error) => end(call, error),
      });
      relays.set(relay, call);
      const over = (): void => {
        relay.close();
        relays.delete(relay);
      };
      call.on('data', (message: Buffer) => relay.receive(message));
      call.on('end', () => end(call, new AppError('cancelled', 'the client has ended the stream')));
      call.on('error', over);
      call.on('cancelled', over);
      call.on('close', over);
    };
    return { DeltaAggregatedResources: open('delta'), StreamAggregatedResources: open('state-of-the-world') };
  };

  const openDoor = async (encrypted: boolean, open: (server: Server) => Promise<Door>): Promise<ListeningDoor> => {
    const server = new Server(GRPC_OPTIONS);
    server.addService(adsService, handlers(encrypted));
    const door = await open(server);
    doors.push({ door, server });
    return { address: door.address, port: door.port };
  };

  return {
    listen: (address, port) => openDoor(false, (server) => openPlaintextDoor(server, address, port)),
    listenTls: (address, port, certificates) =>
      openDoor(true, (server) => openTlsDoor(server, address, port, certificates, logger)),
    get streams() {
      return relays.size;
    },
    async close() {
      cancelMove?.();
      const goodbye = new AppError('unavailable', 'this agent is shutting down; connect again');
      for (const [relay, call] of [...relays]) {
        relay.close();
        end(call, goodbye);
      }
      await Promise.all(doors.map(({ door }) => door.close()));
      for (const { server } of doors) server.forceShutdown();
      await parts.records.close();
    },
  };
}

function end(call: Call, error: AppError): void {
  if (!call.destroyed) call.emit('error', toGrpcStatus(error));
}
