import type { AgentConfig } from '../../agent/config/index.js';
import { createOwnCertificate, type OwnCertificate } from '../../client-agent/index.js';
import type { ServerLink } from '../../cluster/index.js';
import { AppError, type Clock } from '../../core/index.js';

/** The doors with TLS whose certificate the servers give, and that. */
export interface TlsOfServers {
  readonly doors: ReadonlySet<'https' | 'grpcTls'>;
  readonly certificate: OwnCertificate;
}

export interface TlsOfServersParts {
  readonly link: ServerLink;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

/** Undefined where the servers shall give none. */
export function tlsOfServers(config: AgentConfig, { link, clock, warn }: TlsOfServersParts): TlsOfServers | undefined {
  const { ports, tls, autoEncrypt, advertiseAddress } = config;
  if (!autoEncrypt.tls) return undefined;
  const doors = new Set<'https' | 'grpcTls'>();
  if (ports.https >= 0 && tls.https.certFile === '') doors.add('https');
  if (ports.grpcTls >= 0 && tls.grpc.certFile === '') doors.add('grpcTls');
  if (doors.size === 0) return undefined;
  const names = [...new Set(['localhost', '127.0.0.1', '::1', advertiseAddress, ...autoEncrypt.names])];
  return { doors, certificate: createOwnCertificate({ link, names, clock, warn }) };
}

/** Where the servers shall give none, and there are no files. */
export const NO_CERTIFICATE = {
  current: () => {
    throw new AppError(
      'invalidArgument',
      'a TLS port of a client agent needs tls.defaults.cert_file and key_file (or those of tls.https, tls.grpc) where auto_encrypt.tls is false',
    );
  },
  onChange: () => () => undefined,
};
