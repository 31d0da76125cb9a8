import type { AgentConfig } from '../agent/config/index.js';
import { AppError } from '../core/index.js';
import type { DnsServer } from '../edges/dns/index.js';
import { createWaitingServer, type HttpPlace, type HttpServer, type HttpTls } from '../edges/http/index.js';
import type { Logger } from '../telemetry/index.js';
import type { XdsServer } from '../xds/server/index.js';
import { openDoor } from './ports.js';
import type { FileCertificates } from './tls-files.js';
import { groupId, userId } from './unix-owner.js';

export type Ports = { -readonly [Name in keyof AgentConfig['ports']]: AgentConfig['ports'][Name] };

const UNIX = 'unix://';

/** Opens a port on each of its addresses; where any port will do, all get the first's. Returns the port. */
async function onEach(
  addresses: readonly string[],
  port: number,
  open: (address: string, port: number) => Promise<{ readonly port: number }>,
): Promise<number> {
  let found = port;
  for (const address of addresses) {
    const opened = await open(address, found);
    if (opened.port !== 0) found = opened.port;
  }
  return found;
}

/** Opens HTTP, HTTPS and DNS where the configuration says so, and notes the real ports. Throws AppError('portTaken' …). */
export async function openClientDoors(
  config: AgentConfig,
  ports: Ports,
  parts: {
    readonly http: HttpServer;
    readonly dns: DnsServer;
    readonly httpsCertificates: () => FileCertificates;
    readonly logger: Logger;
  },
  { httpsLater: later = false }: { readonly httpsLater?: boolean } = {},
): Promise<void> {
  const { http, dns, logger } = parts;
  if (ports.http >= 0) {
    ports.http = await onEach(config.httpAddresses, ports.http, (address, port) =>
      openDoor('-http-port', () => http.listen(placeOf(config, address, port))),
    );
    logger.info({ address: config.httpAddresses.join(' '), port: ports.http }, 'HTTP API is open');
  }
  if (!later) await openHttpsDoor(config, ports, parts);
  if (ports.dns >= 0) {
    ports.dns = await onEach(config.dnsAddresses, ports.dns, (host, port) =>
      openDoor('-dns-port', () => dns.listen({ host, port })),
    );
    logger.info({ address: config.dnsAddresses.join(' '), port: ports.dns }, 'DNS is open (UDP and TCP)');
  }
}

/** Opens HTTPS where the configuration says so, which needs its certificate. Throws AppError('portTaken' …). */
export async function openHttpsDoor(
  config: AgentConfig,
  ports: Ports,
  {
    http,
    httpsCertificates,
    logger,
  }: { readonly http: HttpServer; readonly httpsCertificates: () => FileCertificates; readonly logger: Logger },
): Promise<void> {
  if (ports.https < 0) return;
  const tls = httpTlsOf(config, httpsCertificates());
  ports.https = await onEach(config.httpsAddresses, ports.https, (address, port) =>
    openDoor('-https-port', () => http.listen({ ...placeOf(config, address, port), tls })),
  );
  logger.info({ address: config.httpsAddresses.join(' '), port: ports.https }, 'HTTPS API is open');
}

/**
 * Opens HTTP, on fixed ports without TLS, for the time in which the cluster is not there yet. Returns what closes it again. Throws
 * AppError('portTaken' …).
 */
export async function openWaitingDoor(config: AgentConfig, waitsFor: () => string): Promise<() => Promise<void>> {
  const waiting = createWaitingServer(waitsFor);
  try {
    if (config.ports.http > 0)
      await onEach(config.httpAddresses, config.ports.http, (address, port) =>
        openDoor('-http-port', () => waiting.listen(placeOf(config, address, port))),
      );
  } catch (thrown) {
    await waiting.close();
    throw thrown;
  }
  return () => waiting.close();
}

interface XdsDoorParts {
  readonly xds: Pick<XdsServer, 'listen' | 'listenTls'>;
  readonly certificates: () => FileCertificates;
  readonly logger: Logger;
}

/** Opens the Envoy API. Throws AppError('portTaken' …). */
export async function openXdsDoors(
  config: AgentConfig,
  ports: Ports,
  parts: XdsDoorParts,
  { tlsLater = false }: { readonly tlsLater?: boolean } = {},
): Promise<void> {
  const { xds, logger } = parts;
  if (ports.grpc >= 0) {
    ports.grpc = await onEach(config.grpcAddresses, ports.grpc, (address, port) =>
      openDoor('-grpc-port', () => xds.listen(address, port)),
    );
    logger.info({ address: config.grpcAddresses.join(' '), port: ports.grpc }, 'xDS is open (plaintext)');
  }
  if (!tlsLater) await openXdsTlsDoor(config, ports, parts);
}

/** Opens the Envoy API over TLS where the configuration says so, which needs its certificate. Throws AppError('portTaken' …). */
export async function openXdsTlsDoor(
  config: AgentConfig,
  ports: Ports,
  { xds, certificates, logger }: XdsDoorParts,
): Promise<void> {
  if (ports.grpcTls < 0) return;
  const provider = certificates();
  ports.grpcTls = await onEach(config.grpcTlsAddresses, ports.grpcTls, (address, port) =>
    openDoor('-grpc-tls-port', () => xds.listenTls(address, port, provider)),
  );
  logger.info({ address: config.grpcTlsAddresses.join(' '), port: ports.grpcTls }, 'xDS is open (TLS)');
}

function placeOf(config: AgentConfig, address: string, port: number): HttpPlace {
  if (!address.startsWith(UNIX)) return { host: address, port };
  const { user, group, mode } = config.http.unixSockets;
  const [uid, gid] = [userId(user), groupId(group)];
  if (process.platform === 'win32') throw new AppError('unsupported', `${address}: there are no unix sockets here`);
  return {
    path: address.slice(UNIX.length),
    ...(uid === undefined ? {} : { userId: uid }),
    ...(gid === undefined ? {} : { groupId: gid }),
    ...(mode === '' ? {} : { mode }),
  };
}

function httpTlsOf(config: AgentConfig, certificates: FileCertificates): HttpTls {
  return {
    context: () => {
      const { certPem, privateKeyPem, wishes } = certificates.current();
      return {
        cert: certPem,
        key: privateKeyPem,
        ...(wishes === undefined ? {} : { minVersion: wishes.minVersion }),
        ...(wishes === undefined || wishes.ciphers === '' ? {} : { ciphers: wishes.ciphers }),
        ...(wishes === undefined || wishes.clientAuthoritiesPem === '' ? {} : { ca: wishes.clientAuthoritiesPem }),
      };
    },
    verifyClients: config.tls.https.verifyIncoming,
    handshakeTimeoutMs: config.http.handshakeTimeoutMs,
    onChange: (listener) => certificates.onChange(listener),
  };
}
