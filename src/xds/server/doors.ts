import { type Server as NetServer, type Socket, createServer as createNetServer } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TlsOptions } from 'node:tls';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { AppError } from '../../core/index.js';
import type { ListeningDoor, ServerCertificate, ServerCertificateProvider, XdsLogger } from './contract.js';
import { raiseReceiveWindows } from './grpc-internals.js';

/** Node's default of 511 drops SYNs in a reconnect storm, which costs each a whole second (performance-limits 2.2). */
const BACKLOG = 4_096;
const RECEIVE_WINDOW_BYTES = 1_048_576;
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** An open door: our own listener that hands its connections to a gRPC server. */
export interface Door extends ListeningDoor {
  /** Takes no more connections and drops those that are open. */
  close(): Promise<void>;
}

/** Opens a plaintext door. AppError('portTaken') when the address is in use. */
export function openPlaintextDoor(server: GrpcServer, address: string, port: number): Promise<Door> {
  const injector = createInjector(server);
  const listener = createNetServer({ noDelay: true }, (socket) => {
    absorbErrors(socket);
    injector.injectConnection(socket);
  });
  return listen(listener, injector, address, port, () => undefined);
}

/** Opens a TLS door; a newer certificate of the provider is used for new connections at once. */
export function openTlsDoor(
  server: GrpcServer,
  address: string,
  port: number,
  certificates: ServerCertificateProvider,
  logger: XdsLogger,
): Promise<Door> {
  const injector = createInjector(server);
  const listener = createTlsServer(
    { ...tlsOptions(certificates.current()), handshakeTimeout: HANDSHAKE_TIMEOUT_MS, noDelay: true } as TlsOptions,
    (socket) => {
      absorbErrors(socket);
      injector.injectConnection(socket);
    },
  );
  listener.on('connection', absorbErrors);
  listener.on('tlsClientError', (error, socket) => {
    logger.debug(
      { remoteAddress: socket.remoteAddress, reason: error.message },
      'TLS handshake on the xDS port failed',
    );
    socket.destroy();
  });
  const stopWatching = certificates.onChange(() => changeCertificate(listener, certificates, logger));
  return listen(listener, injector, address, port, stopWatching);
}

function changeCertificate(listener: TlsServer, certificates: ServerCertificateProvider, logger: XdsLogger): void {
  try {
    listener.setSecureContext(tlsOptions(certificates.current()));
  } catch (thrown) {
    logger.error(
      { reason: AppError.from(thrown).message },
      'the new certificate of the xDS TLS port is unusable; the old one stays',
    );
  }
}

function tlsOptions(certificate: ServerCertificate): TlsOptions {
  const { certPem, privateKeyPem, wishes } = certificate;
  const authorities = wishes?.clientAuthoritiesPem ?? '';
  return {
    cert: certPem,
    key: privateKeyPem,
    ALPNProtocols: ['h2'],
    minVersion: wishes?.minVersion ?? 'TLSv1.2',
    ...(wishes !== undefined && wishes.ciphers !== '' ? { ciphers: wishes.ciphers } : {}),
    ...(authorities === '' ? {} : { ca: authorities, requestCert: true, rejectUnauthorized: true }),
  };
}

type Injector = ReturnType<GrpcServer['createConnectionInjector']>;

function createInjector(server: GrpcServer): Injector {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  raiseReceiveWindows(server, RECEIVE_WINDOW_BYTES);
  return injector;
}

function absorbErrors(socket: Socket): void {
  socket.on('error', () => socket.destroy());
}

function listen(
  listener: NetServer,
  injector: Injector,
  address: string,
  port: number,
  stopWatching: () => void,
): Promise<Door> {
  const sockets = new Set<Socket>();
  listener.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const close = () =>
    new Promise<void>((resolve) => {
      stopWatching();
      injector.destroy();
      listener.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return new Promise((resolve, reject) => {
    listener.once('error', (error: NodeJS.ErrnoException) => reject(listenProblem(error, address, port)));
    listener.listen({ host: address, port, backlog: BACKLOG }, () => {
      const bound = listener.address();
      const realPort = typeof bound === 'object' && bound !== null ? bound.port : port;
      listener.on('error', () => undefined);
      resolve({ address, port: realPort, close });
    });
  });
}

function listenProblem(error: NodeJS.ErrnoException, address: string, port: number): AppError {
  if (error.code === 'EADDRINUSE') {
    return new AppError(
      'portTaken',
      `the xDS address ${address}:${port} is in use by another process; stop it or choose another gRPC port`,
      {
        cause: error,
      },
    );
  }
  return new AppError('unavailable', `cannot listen for xDS on ${address}:${port}: ${error.message}`, { cause: error });
}
