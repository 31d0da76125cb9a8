import type { AgentConfig } from '../../agent/config/index.js';
import type { DnsServer } from '../../edges/dns/index.js';
import type { HttpServer, HttpTls } from '../../edges/http/index.js';
import type { XdsServer } from '../../xds/server/index.js';
import type { FileCertificates, PortCertificates } from '../tls-files.js';
import type { Door, Opening } from './door.js';
import { httpPlaceOf } from './http-place.js';

/** The servers behind the doors of an agent, and what the doors with TLS show. */
export interface BehindDoors {
  readonly http: HttpServer;
  readonly dns: Pick<DnsServer, 'listen' | 'close'>;
  readonly xds: Pick<XdsServer, 'listen' | 'listenTls' | 'close'>;
  readonly certificates: PortCertificates;
  /** The doors whose certificate the servers of a client agent give. */
  readonly certificatesOfServers?: ReadonlySet<'https' | 'grpcTls'>;
}

/** The doors of an agent, with state or without, in the order in which they open. */
export function agentDoors(config: AgentConfig, behind: BehindDoors): readonly Door[] {
  const { http, dns, xds, certificates, certificatesOfServers } = behind;
  const { ports, connectEnabled } = config;
  const closeHttp = once(() => http.close());
  const closeXds = once(() => xds.close());
  const withTls = (name: 'https' | 'grpcTls', otherwise: Opening): Opening =>
    certificatesOfServers?.has(name) ? 'with a certificate of the servers' : otherwise;
  return [
    {
      name: 'http',
      opens: 'at once',
      isWanted: ports.http >= 0,
      flag: '-http-port',
      addresses: config.httpAddresses,
      listen: (address, port) => http.listen(httpPlaceOf(config, address, port)),
      said: 'HTTP API is open',
      close: closeHttp,
    },
    {
      name: 'https',
      opens: withTls('https', 'at once'),
      isWanted: ports.https >= 0,
      flag: '-https-port',
      addresses: config.httpsAddresses,
      listen: (address, port) =>
        http.listen({
          ...httpPlaceOf(config, address, port),
          tls: httpTlsOf(config, certificates.of('https')),
        }),
      said: 'HTTPS API is open',
      close: closeHttp,
    },
    {
      name: 'dns',
      opens: 'at once',
      isWanted: ports.dns >= 0,
      flag: '-dns-port',
      addresses: config.dnsAddresses,
      listen: (host, port) => dns.listen({ host, port }),
      said: 'DNS is open (UDP and TCP)',
      close: () => dns.close(),
    },
    {
      name: 'grpc',
      opens: 'when proxies can be served',
      isWanted: connectEnabled && ports.grpc >= 0,
      flag: '-grpc-port',
      addresses: config.grpcAddresses,
      listen: (address, port) => xds.listen(address, port),
      said: 'xDS is open (plaintext)',
      close: closeXds,
    },
    {
      name: 'grpcTls',
      opens: withTls('grpcTls', 'when proxies can be served'),
      isWanted: connectEnabled && ports.grpcTls >= 0,
      flag: '-grpc-tls-port',
      addresses: config.grpcTlsAddresses,
      listen: (address, port) => xds.listenTls(address, port, certificates.of('grpc')),
      said: 'xDS is open (TLS)',
      close: closeXds,
    },
  ];
}

/** A door and its twin with TLS are one server's, which ends all connections of both. */
function once(close: () => Promise<void>): () => Promise<void> {
  let closed: Promise<void> | undefined;
  return () => (closed ??= close());
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
